"""Make a virtual lifter's samples together with their truth; nothing here analyses them.

::

    spec -> script, between -> moves -> embed -> sensor -> session
            styles, body, shapes        events, truth
"""
