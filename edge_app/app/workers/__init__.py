"""Worker processes: cameras are analysed side by side in several, and one process faces outward for all of them."""
