"""Read and write recordings; nothing here analyses them.

Takes files and folders; gives `model.Recording`, checked. In the order to read::

    folder      ``recording.json``, key by key
    text_file   a text of any length, without holding it
    csv_cells   the numbers of a table whose layout is known
    plain_csv   the plain CSV of the contract
    journal     raw notifications, append-only
    importers   vendors' files
    screening   what can be what a sensor measured
    beside      edits and plan beside the raw data
    recording   `read`, `write`
    exporters   `convert`
    outputs     what may be written where
"""
