"""The routes of the HTTP side, a module for each group of them."""
