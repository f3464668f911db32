"""Tell the posture of now, step by step, between the looks of `analysis.live`.

live_input    what one live sensor has delivered: samples that wait, its filter, its tracks
one_sensor    up, stillness and height of one sensor, from its past alone
height_filter how high it is above standing
known         what the last look learned and an instant rests on
angles        the angles of one instant from the sensors that have delivered it
path          the order of instants, and what happens when a sensor lags
"""
