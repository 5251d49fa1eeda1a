"""What belongs together by an identifier and comes at different times: labels, halves of a request, answers of two models."""
