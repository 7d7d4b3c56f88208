"""The clock burned into the picture: how often it is read, how often wrongly, and the making of the glyph bank."""
