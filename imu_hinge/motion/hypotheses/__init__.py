"""Say in which kinds people lift, as hypotheses that `linkage` solves a set under, and mix what comes out.

It solves nothing itself; `analysis.inference` does, once for each kind. In the order to read::

    kinds     the ways to lift, each as a prior on what a set shares; how probable each is
    mixture   one value, spread, interval and probability out of several
"""
