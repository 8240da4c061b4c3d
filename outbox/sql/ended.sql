-- The news of a client: what has ended, in the order of the commits.

-- name: select_ended
-- From the last number that whoever asks knows and this state has given: a lost state numbered on from there itself.
SELECT ended.n, ended.era, ended.state AS ended_as, ended.at AS ended_when, entry.*
FROM ended JOIN entry ON entry.seq = ended.entry_seq
WHERE ended.client = :client
  AND ended.n > COALESCE((SELECT known.n FROM ended AS known
                          WHERE known.client = :client AND known.n <= :n AND known.era <= :era
                          ORDER BY known.n DESC LIMIT 1), 0)
ORDER BY ended.n LIMIT :limit;

-- name: select_last
SELECT n, era FROM ended WHERE client = :client ORDER BY n DESC LIMIT 1;
