-- What policies look for within a value of the row: in an array, a document, a text. Rows that hold the caller's identity
-- there are its own; where something else is looked for, or a part of the identity alone, they are other people's.
SET client_min_messages = error;
CREATE ROLE regress_within_user;
CREATE SCHEMA within;
CREATE FUNCTION within.uid() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
CREATE TABLE within.policies (number int, note text, type text, condition text);
INSERT INTO within.policies VALUES
  (1, 'array has the caller', 'uuid[]', 'held @> ARRAY[within.uid()]'),
  (2, 'the other way round', 'uuid[]', 'ARRAY[within.uid()] <@ held'),
  (3, 'one of two', 'uuid[]', 'held && ARRAY[within.uid(), NULL]'),
  (4, 'as text', 'text[]', 'within.uid()::text = ANY (held)'),
  (5, 'document has the caller', 'jsonb', 'held @> jsonb_build_object(''owner'', within.uid())'),
  (6, 'list in a document', 'jsonb', '(held -> ''members'') ? within.uid()::text'),
  (7, 'pattern', 'text', 'held LIKE ''%'' || within.uid()::text || ''%'''),
  (8, 'folder', 'text', 'starts_with(held, within.uid()::text)'),
  (9, 'position', 'text', 'position(within.uid()::text IN held) > 0'),
  (20, 'word in an array', 'text[]', 'held @> ARRAY[''open'']'),
  (21, 'one of two words', 'text[]', 'held && ARRAY[''open'', ''free'']'),
  (22, 'word behind a cast', 'varchar[]', '''open'' = ANY (held)'),
  (23, 'nothing is asked of it', 'text[]', 'held @> ARRAY[]::text[]'),
  (24, 'word in a document', 'jsonb', 'held @> ''{"open": true}'''),
  (25, 'word in a pattern', 'text', 'held LIKE ''open%'''),
  (26, 'part of the identity', 'text', 'held LIKE ''%'' || left(within.uid()::text, 2) || ''%'''),
  (27, 'the caller or a word', 'text[]', 'held && ARRAY[within.uid()::text, ''open'']'),
  (28, 'not the caller', 'text', 'position(within.uid()::text IN held) = 0'),
  (30, 'NULL is in no array', 'text[]', 'held @> ARRAY[''open'', NULL]'),
  (31, 'so it is not there', 'text[]', 'NOT held @> ARRAY[''open'', NULL]'),
  (32, 'nothing in common', 'text[]', 'held && ARRAY[NULL, NULL]::text[]'),
  -- What is not followed and was not hit on by the rows that were tried is not taken for closed.
  (40, 'something computed', 'int', 'held % 1000003 = 77'),
  (41, 'a date that moves', 'date', 'held + 30 > current_date');
DO $$ DECLARE p record; BEGIN
  FOR p IN SELECT * FROM within.policies ORDER BY number LOOP
    EXECUTE format('CREATE TABLE within.t%1$s (id int PRIMARY KEY, held %2$s); ALTER TABLE within.t%1$s ENABLE ROW LEVEL SECURITY;
      CREATE POLICY p ON within.t%1$s FOR SELECT USING (%3$s); GRANT SELECT ON within.t%1$s TO regress_within_user', p.number, p.type, p.condition);
  END LOOP;
END $$;
GRANT USAGE ON SCHEMA within TO regress_within_user;
SELECT rlsproof.persona('stranger', 'regress_within_user', '{"sub": "a0000000-0000-4000-8000-00000000f00d"}');
SELECT number, note, p.verdict AS proof, v.verdict
FROM within.policies
LEFT JOIN rlsproof.prove('stranger') p ON p.object = 'within.t' || number AND p.direction = 'no more' AND p.command = 'SELECT'
LEFT JOIN rlsproof.verify('stranger') v ON v.object = 'within.t' || number AND v.command = 'SELECT' ORDER BY number;
SELECT reason FROM rlsproof.verify('stranger', 'within.t40') WHERE command = 'SELECT';
-- A row that is in its own array and one that is not, by what the server says.
SELECT held, held @> ARRAY['x', NULL] AS contains, held && ARRAY['x', NULL] AS overlaps, held @> '{}' AS "all of none"
FROM (VALUES ('{x}'::text[]), ('{x,NULL}'), ('{}'), (NULL)) v (held);
DROP SCHEMA within CASCADE;
DELETE FROM rlsproof.personas WHERE name = 'stranger';
DROP ROLE regress_within_user;
