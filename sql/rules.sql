-- Rules make something else of a statement, and rest while triggers do: what is said of a write is said of the one that is
-- really run. Where rules leave nothing of it, it reaches nothing.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE regress_rules_anon;
CREATE ROLE regress_rules_user;
CREATE ROLE regress_rules_web LOGIN NOINHERIT;
GRANT regress_rules_anon, regress_rules_user TO regress_rules_web;
SELECT current_database() AS db \gset
ALTER DATABASE :"db" SET pgrst.db_anon_role = 'regress_rules_anon';
CREATE SCHEMA rules_it;
GRANT USAGE ON SCHEMA rules_it TO regress_rules_anon, regress_rules_user;
ALTER DEFAULT PRIVILEGES IN SCHEMA rules_it GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO regress_rules_user;
CREATE FUNCTION rules_it.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;

-- Append only: what is open to read and to put in, nobody changes. Without the rules everybody does; a rule that is off is none.
CREATE TABLE rules_it.kept (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid, body text);
CREATE RULE no_update AS ON UPDATE TO rules_it.kept DO INSTEAD NOTHING;
CREATE RULE no_delete AS ON DELETE TO rules_it.kept DO INSTEAD NOTHING;
CREATE TABLE rules_it.off (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid, body text);
CREATE RULE no_update AS ON UPDATE TO rules_it.off DO INSTEAD NOTHING;
ALTER TABLE rules_it.off DISABLE RULE no_update;
-- Some rows alone; something else; something besides.
CREATE TABLE rules_it.some (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid, locked boolean NOT NULL DEFAULT false, gone boolean NOT NULL DEFAULT false);
CREATE RULE not_locked AS ON UPDATE TO rules_it.some WHERE OLD.locked DO INSTEAD NOTHING;
CREATE RULE softly AS ON DELETE TO rules_it.some DO INSTEAD UPDATE rules_it.some SET gone = true WHERE id = OLD.id;
CREATE TABLE rules_it.log (what text);
CREATE TABLE rules_it.drawn (id bigserial, what text);
CREATE TABLE rules_it.also (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid, body text);
CREATE RULE logged AS ON UPDATE TO rules_it.also DO ALSO INSERT INTO rules_it.log VALUES (OLD.body);
CREATE RULE logged_alone AS ON DELETE TO rules_it.also DO INSTEAD INSERT INTO rules_it.log VALUES (OLD.body);
CREATE RULE elsewhere AS ON INSERT TO rules_it.also DO INSTEAD INSERT INTO rules_it.drawn (what) VALUES (NEW.body);
-- Closed to all but whose the row is, rules or not.
CREATE TABLE rules_it.own (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid NOT NULL, body text);
CREATE RULE logged AS ON UPDATE TO rules_it.own DO ALSO INSERT INTO rules_it.log VALUES (OLD.body);
-- Views that rules make writable, with their owner's rights or their caller's.
CREATE TABLE rules_it.base (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid NOT NULL, body text);
CREATE VIEW rules_it.by_rule AS SELECT id, body FROM rules_it.base GROUP BY id, body;
CREATE RULE changes AS ON UPDATE TO rules_it.by_rule DO INSTEAD UPDATE rules_it.base SET body = NEW.body WHERE id = OLD.id;
CREATE RULE removes AS ON DELETE TO rules_it.by_rule DO INSTEAD DELETE FROM rules_it.base WHERE id = OLD.id;
CREATE VIEW rules_it.update_alone AS SELECT id, body FROM rules_it.base GROUP BY id, body;
CREATE RULE changes AS ON UPDATE TO rules_it.update_alone DO INSTEAD UPDATE rules_it.base SET body = NEW.body WHERE id = OLD.id;
CREATE VIEW rules_it.to_nothing AS SELECT id, body FROM rules_it.base GROUP BY id, body;
CREATE RULE changes AS ON UPDATE TO rules_it.to_nothing DO INSTEAD NOTHING;
CREATE RULE softly AS ON DELETE TO rules_it.to_nothing DO INSTEAD UPDATE rules_it.base SET body = NULL WHERE id = OLD.id;
DO $$ DECLARE t text; BEGIN
    FOREACH t IN ARRAY ARRAY['kept', 'off', 'some', 'also', 'own', 'base', 'log', 'drawn'] LOOP
        EXECUTE format('ALTER TABLE rules_it.%I ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['kept', 'off', 'some', 'also'] LOOP
        EXECUTE format('CREATE POLICY everybody ON rules_it.%I USING (true)', t);
    END LOOP;
    FOREACH t IN ARRAY ARRAY['own', 'base'] LOOP
        EXECUTE format('CREATE POLICY own ON rules_it.%I USING (person = rules_it.uid())', t);
    END LOOP;
END $$;
SELECT object, string_agg(command || ' ' || verdict || ': ' || reason, ', ' ORDER BY command COLLATE "C") AS said
FROM rlsproof.verify('outsider') WHERE object LIKE 'rules_it.%' AND object !~ 'log|drawn' AND command IN ('INSERT', 'UPDATE', 'DELETE')
GROUP BY object ORDER BY object COLLATE "C";

-- Who may not change his row does not promote himself, whatever the policy says.
CREATE TABLE rules_it.people (id uuid PRIMARY KEY, role text NOT NULL DEFAULT 'member');
CREATE TABLE rules_it.papers (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), person uuid NOT NULL);
ALTER TABLE rules_it.people ENABLE ROW LEVEL SECURITY;
ALTER TABLE rules_it.papers ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON rules_it.people FOR SELECT USING (id = rules_it.uid());
CREATE POLICY own_change ON rules_it.people FOR UPDATE USING (id = rules_it.uid());
CREATE POLICY admins ON rules_it.papers FOR SELECT USING (EXISTS (SELECT 1 FROM rules_it.people p WHERE p.id = rules_it.uid() AND p.role = 'admin'));
SELECT rule, level, object FROM rlsproof.audit() WHERE object ~ 'rules_it.(people|papers)' AND level <> 'note';
CREATE RULE no_update AS ON UPDATE TO rules_it.people DO INSTEAD NOTHING;
SELECT rule, level, object FROM rlsproof.audit() WHERE object ~ 'rules_it.(people|papers)' AND level <> 'note';
SELECT last_value, is_called FROM rules_it.drawn_id_seq;

DROP SCHEMA rules_it CASCADE;
ALTER DATABASE :"db" RESET pgrst.db_anon_role;
DROP OWNED BY regress_rules_web, regress_rules_anon, regress_rules_user;
DROP ROLE regress_rules_web, regress_rules_anon, regress_rules_user;
