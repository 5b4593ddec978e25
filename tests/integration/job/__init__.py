"""The job process_weather on the real stack: the whole year, odd and hostile records, kills, restores."""
