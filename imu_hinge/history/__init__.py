"""Remember the sets of many recordings and compare them: who gets better, from which load on it rounds, what is kept.

Takes a folder of recordings; gives `past_set.PastSet` values, lines and sentences. In the order to read::

    remember    analyse what is new, keep it beside the recording and in the library
    join_log    loads from the training log that people keep, by date and order
    load_curve  technique against load, and the load at which the limit is crossed
    trends      weeks, and sets without cues against sets with them
    history_words  all of it in sentences
    history_table, history_plot, history_page   the same as table, picture and one HTML file
"""
