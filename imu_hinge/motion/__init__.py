"""Turn samples into joint angles with their standard deviations; nothing here knows what a rep is."""
