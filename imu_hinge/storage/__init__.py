"""Read and write recordings; nothing here analyses them."""
