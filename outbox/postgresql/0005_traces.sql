-- Which trace an entry belongs to: the request's, which goes on with each attempt, in whatever process that is made.
ALTER TABLE entry ADD COLUMN traceparent TEXT
    CHECK (traceparent LIKE '00-________________________________-________________-__'
           AND ltrim(traceparent, '0123456789abcdef-') = '');

DROP TRIGGER entry_identity_is_frozen ON entry;
CREATE TRIGGER entry_identity_is_frozen
BEFORE UPDATE OF id, destination, contract, kind, client, reference, order_key, position, follows, continues, supersedes,
                 fingerprint, reported_at, reported_offset_s, accepted_at, traceparent ON entry
FOR EACH ROW EXECUTE FUNCTION outbox_refuse('what was accepted never changes');
