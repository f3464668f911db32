"""Stream BLE IMUs onto one host timeline; nothing here knows what a rep is."""
