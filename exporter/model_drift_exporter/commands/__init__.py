"""The verbs of the command line, one module or folder each."""
