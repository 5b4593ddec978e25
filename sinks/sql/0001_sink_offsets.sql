-- How far each partition has come, changed in the same transaction as the rows, and who may change it:
-- every claim of a partition raises its epoch, and a write that holds an older one changes nothing.
CREATE TABLE sink_offsets (
    consumer_group text NOT NULL,
    topic text NOT NULL,
    partition integer NOT NULL,
    next_offset bigint,               -- null until the first write: start at the earliest record
    epoch bigint NOT NULL,
    newest_event_at timestamptz,      -- for freshness, which a restart must not forget
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer_group, topic, partition)
);
