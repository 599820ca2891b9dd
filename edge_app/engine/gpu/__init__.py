"""What every engine on a GPU shares, whichever library computes the model."""
