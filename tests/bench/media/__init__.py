"""What looking into video costs, in processor time and bytes, against other ways of doing the same (`make bench-media`)."""
