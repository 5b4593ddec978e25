"""Weather providers, one file each: where to ask and with which key, what an answer means, what an error means."""
