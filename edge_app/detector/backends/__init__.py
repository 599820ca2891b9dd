"""What may compute a detector, one module for each, and the choice between them."""
