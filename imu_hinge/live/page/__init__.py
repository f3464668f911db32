"""Serve the page beside the bar: what a live session knows, in a browser, on this machine or in the gym's network.

Takes events, instants and links; gives files and frames to browsers. It knows no sensor, no recorder and no analysis.
In the order to read::

    feedback     which sets have sounds, which sound an event has, the sentence after a set
    set_view     reps and sets as the plain values that the page draws
    page_state   all that the page shows, in parts, so that a browser is sent what is new to it
    access       who may read the page: address, token, origin; the headers of every answer
    connections  how many connections one address may hold
    page_server  the server, a task of the program's own event loop
    web/         the page itself: plain JavaScript modules, nothing from elsewhere
"""
