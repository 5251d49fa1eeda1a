"""What passes between the rooms: records, labels, their times and their raw values."""
