"""Map a device's own time onto the host's, live and with hindsight, and count what was lost.

Takes decoded blocks with their arrival times; gives samples on one host timeline and a report of the delays. It knows
no family. In the order to read::

    envelope_fit      a line under all arrivals: notifications come late, never early
    round_trip        the line held by time requests and their replies
    lost_frames       frames lost by devices that count nothing
    lost_frames_live  the same while they come
    live_mapping      block by block
    offline_mapping   a whole recording
    cross_check       two sensors on one body share their rotation
"""
