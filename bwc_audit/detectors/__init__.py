"""From frames and sound to measures, and from measures to spans. Pure: arrays and numbers in, values out."""
