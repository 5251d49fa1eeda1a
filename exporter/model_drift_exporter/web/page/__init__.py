"""The landing page: what people see."""
