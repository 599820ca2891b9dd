"""What may compute a detector, a module each, and which of them does."""
