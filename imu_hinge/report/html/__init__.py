"""Put a result on one HTML page, or on paper; nothing here computes an angle.

Takes `result.SetResult`; gives text that needs no other file and no script. In the order to read::

    first_screen  the sentence, and a tile for each rep
    body_drawing  the body from the side, from the angles of one instant
    rep_charts    each rep small; bodies; the glossary's picture
    how_made      what was assumed, how good the data are
    page          all of it as one HTML file
    print_pdf     the same on paper
"""
