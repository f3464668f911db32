"""Keep Bluetooth LE sensors connected and streaming; the only room that knows bleak.

Takes a driver and an address; gives raw notifications with their arrival time to a sink, and the states of the link.
It decodes nothing. In the order to read::

    sink         what a stream tells the outside
    link_errors  a stack's errors in our words
    link         one device through bleak
    scanner      find devices; one at a time uses the radio
    watchdog     notice silence
    stream       bring one sensor up and back again
    capture      several sensors as one session
"""
