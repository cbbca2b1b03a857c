-- What a version after the current one might add: one object of each kind that an update can get wrong. Only the update
-- test knows it.
CREATE FUNCTION rlsproof.next_function(n integer) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
    AS 'SELECT n + 1';
REVOKE ALL ON FUNCTION rlsproof.next_function(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION rlsproof.next_function(integer) TO pg_monitor;
COMMENT ON FUNCTION rlsproof.next_function(integer) IS 'One more.';
CREATE TABLE rlsproof.next_table (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL DEFAULT 'a' CONSTRAINT next_kind CHECK (kind <> ''),
    note text
);
REVOKE ALL ON TABLE rlsproof.next_table FROM PUBLIC;
GRANT SELECT ON TABLE rlsproof.next_table TO pg_monitor;
COMMENT ON TABLE rlsproof.next_table IS 'Rows that are dumped.';
COMMENT ON COLUMN rlsproof.next_table.note IS 'Anything.';
CREATE INDEX next_index ON rlsproof.next_table (kind);
ALTER TABLE rlsproof.next_table ENABLE ROW LEVEL SECURITY;
CREATE POLICY next_policy ON rlsproof.next_table FOR SELECT TO pg_monitor USING (id > 0);
SELECT pg_catalog.pg_extension_config_dump('rlsproof.next_table', 'WHERE id > 0');
CREATE VIEW rlsproof.next_view WITH (security_invoker) AS SELECT id FROM rlsproof.next_table WHERE id > 1;
COMMENT ON VIEW rlsproof.next_view IS 'Some of them.';
CREATE TYPE rlsproof.next_type AS ENUM ('a', 'b');
COMMENT ON TYPE rlsproof.next_type IS 'One of two.';
