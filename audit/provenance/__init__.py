"""Which bytes, which versions and which command an audit rests on."""
