"""Join sensors, journal and analysis at the bar; nothing here knows a radio's or a family's details."""
