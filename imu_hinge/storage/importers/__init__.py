"""Read vendors' exports into samples in SI units, or refuse them in a sentence.

Takes files, folders and zips as apps write them; gives samples and what was mended. It analyses nothing. `registry`
finds the importer; `bundles` opens, `text_tables`, `local_time` and `stamps` read; then one file per vendor or kind.
"""
