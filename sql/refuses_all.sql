-- A trigger that does nothing but raise lets no write through. Beside it what looks alike and lets some through.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA ledgers;
GRANT USAGE ON SCHEMA ledgers TO anon, authenticated;
SET search_path = ledgers;
CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$
-- append only
BEGIN RAISE EXCEPTION USING message = 'not in ' || tg_table_name, errcode = 'check_violation'; END $$;
CREATE FUNCTION swallowed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; EXCEPTION WHEN OTHERS THEN RETURN NEW; END $$;
CREATE FUNCTION told() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE DEBUG 'no'; RETURN NEW; END $$;
CREATE FUNCTION sometimes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.body = 'x' THEN RAISE EXCEPTION 'no'; END IF; RETURN NEW; END $$;
CREATE TABLE appended (id int PRIMARY KEY, who uuid NOT NULL, body text);
CREATE TABLE caught (LIKE appended INCLUDING ALL);
CREATE TABLE one_column (LIKE appended INCLUDING ALL);
CREATE TABLE on_condition (LIKE appended INCLUDING ALL);
CREATE TABLE noted (LIKE appended INCLUDING ALL);
CREATE TABLE some_rows (LIKE appended INCLUDING ALL);
CREATE TABLE untouched (LIKE appended INCLUDING ALL);
CREATE TABLE parent (LIKE appended INCLUDING ALL);
CREATE TABLE child () INHERITS (parent);
CREATE TRIGGER t BEFORE UPDATE OR DELETE ON appended FOR EACH ROW EXECUTE FUNCTION never();
CREATE TRIGGER t BEFORE UPDATE ON caught FOR EACH ROW EXECUTE FUNCTION swallowed();
CREATE TRIGGER t BEFORE UPDATE OF body ON one_column FOR EACH ROW EXECUTE FUNCTION never();
CREATE TRIGGER t BEFORE UPDATE ON on_condition FOR EACH ROW WHEN (OLD.body = 'x') EXECUTE FUNCTION never();
CREATE TRIGGER t BEFORE UPDATE ON noted FOR EACH ROW EXECUTE FUNCTION told();
CREATE TRIGGER t BEFORE UPDATE ON some_rows FOR EACH ROW EXECUTE FUNCTION sometimes();
-- Rows of the child wake no trigger of the parent.
CREATE TRIGGER t BEFORE UPDATE ON parent FOR EACH ROW EXECUTE FUNCTION never();
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['appended', 'caught', 'one_column', 'on_condition', 'noted', 'some_rows', 'untouched', 'parent'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
        EXECUTE format('CREATE POLICY everything ON %I USING (true)', t);
        EXECUTE format('GRANT SELECT, UPDATE, DELETE ON %I TO authenticated', t);
    END LOOP;
END $$;
RESET search_path;
SELECT object, command, verdict = 'ok' AS "is ok", CASE verdict WHEN 'ok' THEN reason END AS why FROM rlsproof.verify('outsider')
WHERE object LIKE 'ledgers.%' AND object <> 'ledgers.child' AND (command = 'UPDATE' OR (command = 'DELETE' AND object = 'ledgers.appended')) ORDER BY object, command;
DROP SCHEMA ledgers CASCADE;
DROP ROLE authenticated, anon;
