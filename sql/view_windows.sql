-- Views with their owner's rights that are a window made on purpose, what is published and no private column, and those that
-- only look like one.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA win_it;
GRANT USAGE ON SCHEMA win_it TO anon, authenticated;
CREATE FUNCTION win_it.uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
SET search_path = win_it;
CREATE TABLE shop (id int PRIMARY KEY, owner uuid NOT NULL, name text NOT NULL, status text NOT NULL, is_active bool, email text, takings int, remark text);
CREATE TABLE look (shop int PRIMARY KEY REFERENCES shop, colour text, zones jsonb, api_key text);
ALTER TABLE shop ENABLE ROW LEVEL SECURITY;
ALTER TABLE look ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON shop USING (owner = uid());
CREATE POLICY own ON look USING (EXISTS (SELECT FROM shop s WHERE s.id = shop AND s.owner = uid()));
CREATE FUNCTION mail_of(shop int) RETURNS text LANGUAGE sql STABLE AS $$ SELECT email FROM win_it.shop s WHERE s.id = shop $$;
-- Windows.
CREATE VIEW window_of_active AS SELECT id, name, status FROM shop WHERE status = 'active';
CREATE VIEW window_of_looks AS SELECT shop, colour, zones FROM look WHERE EXISTS (SELECT FROM shop s WHERE s.id = shop AND s.status = ANY ('{open,live}'));
CREATE VIEW window_of_flags AS SELECT s.id, upper(s.name), (SELECT count(*) FROM look l WHERE l.shop = s.id) FROM shop s WHERE s.is_active;
CREATE VIEW public_shops AS SELECT id, name FROM shop;
-- Not on purpose, as far as can be told.
CREATE VIEW shops AS SELECT id, name, status FROM shop;
CREATE VIEW not_public_shops AS SELECT id, name FROM shop;
-- Private columns, also where they are only looked at.
CREATE VIEW public_mail AS SELECT id, name, email FROM shop WHERE status = 'active';
CREATE VIEW public_keys AS SELECT shop, colour, api_key FROM look;
CREATE VIEW public_order AS SELECT id, name FROM shop WHERE status = 'active' ORDER BY email;
CREATE VIEW public_renamed AS SELECT id, coalesce(email, '') AS name FROM shop WHERE status = 'active';
CREATE VIEW public_owners AS SELECT id, name, owner FROM shop WHERE status = 'active';
-- Columns that cannot be told by their names: a whole row, a function's answer, sums.
CREATE VIEW public_rows AS SELECT id, to_jsonb(s) AS row FROM shop s WHERE status = 'active';
CREATE VIEW public_called AS SELECT id, mail_of(id) AS name FROM shop WHERE status = 'active';
CREATE VIEW public_sums AS SELECT status, sum(takings) FROM shop WHERE status = 'active' GROUP BY status;
CREATE VIEW public_through AS SELECT id, row FROM public_rows;
-- Conditions that keep nothing back.
CREATE VIEW either AS SELECT id, name FROM shop WHERE status = 'active' OR id > 0;
CREATE VIEW other_than AS SELECT id, name FROM shop WHERE status <> 'gone';
CREATE VIEW beside AS SELECT s.id, s.name FROM shop s LEFT JOIN window_of_active w ON w.id = s.id;
CREATE VIEW in_union AS SELECT id, name FROM shop WHERE status = 'active' UNION ALL SELECT id, name FROM shop;
GRANT SELECT ON ALL TABLES IN SCHEMA win_it TO anon, authenticated;
-- What can be written is no window: by a view's own right, by that to one column, by a rule.
CREATE VIEW public_written AS SELECT id, name, status FROM shop WHERE status = 'active';
CREATE VIEW public_renaming AS SELECT id, name, status FROM shop WHERE status = 'active';
CREATE VIEW public_ruled AS SELECT DISTINCT id, name, status FROM shop WHERE status = 'active';
CREATE RULE gone AS ON DELETE TO public_ruled DO INSTEAD DELETE FROM shop WHERE id = old.id;
GRANT ALL ON public_written, public_ruled TO anon;
GRANT SELECT, UPDATE (name) ON public_renaming TO anon;
-- Nor is what was handed out by default, with all that could not be done through it anyway.
CREATE VIEW public_by_default AS SELECT s.id, s.name FROM shop s JOIN look l ON l.shop = s.id WHERE s.status = 'active';
GRANT ALL ON public_by_default TO anon;
REVOKE ALL ON shop, look FROM anon;
RESET search_path;
SELECT level, object FROM rlsproof.lint('owner_view') WHERE object ~ 'win_it' ORDER BY level COLLATE "C" DESC, object COLLATE "C";
-- What else is done through one stands beside that it is read.
SELECT level, object, message FROM rlsproof.audit() WHERE rule = 'owner_view' AND object IN ('win_it.public_written', 'win_it.window_of_active')
ORDER BY object COLLATE "C";
-- And nobody who may read it is told that it shows him nothing.
SELECT level, rule, object FROM rlsproof.audit() WHERE rule = 'vacuous' AND object IN ('win_it.public_written', 'win_it.window_of_active')
AND message ~ 'SELECT';
DROP SCHEMA win_it CASCADE;
DROP ROLE authenticated, anon;
