"""Stream BLE IMUs onto one host timeline; nothing here knows what a rep is.

Takes a radio; gives `model.Samples`. In the order to read::

    protocol         what a family's driver must be able to do: the interface for a driver of your own
    device_counter   a device's counter or clock, unwrapped; what is missing
    time_requests    asking a device for its time
    drivers          one file or two per family
    ble              links that come back; the only folder that knows bleak
    clock            device time to host time
"""
