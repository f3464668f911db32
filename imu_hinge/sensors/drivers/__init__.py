"""Speak each family's packets: one file or two per family; `catalog` lists them.

A driver turns notifications into `protocol.Decoded` blocks and writes commands. It knows no Bluetooth stack and no
host time. Read `sensors.protocol` first, then the family with the fewest quirks: `hinge_profile`.
"""
