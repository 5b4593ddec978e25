"""In: what brings records into Kafka. Pollers of weather providers and the replay of a real year.

Both meet Kafka through `producer.publishers` and nowhere else.
"""
