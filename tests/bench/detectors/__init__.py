"""The labelled benchmark: clips with known defects and known near-misses, inspected and scored, kind by kind."""
