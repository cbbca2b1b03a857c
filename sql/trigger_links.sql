-- Rows of other people that a trigger finds by what its writer says in a row of his own, with no foreign key between: by a
-- reference, a name, an id in a document. They are changed, show themselves, or he is put among those they belong to.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA found_by;
GRANT USAGE ON SCHEMA found_by TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA found_by GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA found_by REVOKE EXECUTE ON FUNCTIONS FROM public;
CREATE FUNCTION found_by.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
GRANT EXECUTE ON FUNCTION found_by.uid() TO authenticated;
CREATE TABLE found_by.orders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, reference text UNIQUE,
    state text NOT NULL DEFAULT 'due', total numeric NOT NULL DEFAULT 0, payments int NOT NULL DEFAULT 0);
CREATE TABLE found_by.payments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, order_ref text, order_id uuid,
    orders uuid[], kind text, amount numeric NOT NULL DEFAULT 1, data jsonb);
CREATE POLICY own ON found_by.orders USING (who = found_by.uid());
CREATE POLICY own ON found_by.payments USING (who = found_by.uid());
ALTER TABLE found_by.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE found_by.payments ENABLE ROW LEVEL SECURITY;

-- What the audit tells of one body after the other, on writes of payments.
CREATE FUNCTION pg_temp.told(body text, declared text DEFAULT '', event text DEFAULT 'AFTER INSERT', rights text DEFAULT 'SECURITY DEFINER',
    on_table text DEFAULT 'found_by.payments') RETURNS TABLE (level text, message text) LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('CREATE OR REPLACE FUNCTION found_by.react() RETURNS trigger LANGUAGE plpgsql %s SET search_path = found_by AS %L',
        rights, format('DECLARE %s BEGIN %s RETURN coalesce(NEW, OLD); END', declared, body));
    EXECUTE format('CREATE TRIGGER react %s ON %s FOR EACH ROW EXECUTE FUNCTION found_by.react()', event, on_table);
    RETURN QUERY SELECT a.level, a.message FROM rlsproof.audit() a WHERE rule IN ('trigger_reach', 'writable_authority');
    EXECUTE format('DROP TRIGGER react ON %s', on_table);
END $$;

-- By a reference, an id without a foreign key, one of several, or through a variable, a row or a helper.
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE reference = NEW.order_ref;');
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE lower(reference) = lower(trim(NEW.order_ref));');
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE id::text = NEW.order_ref;');
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE id = ANY (NEW.orders);');
SELECT * FROM pg_temp.told('key := NEW.order_id; IF key IS NOT NULL THEN DELETE FROM orders WHERE id = key; END IF;', 'key uuid;', 'BEFORE UPDATE');
SELECT * FROM pg_temp.told('SELECT * INTO it FROM orders WHERE reference = OLD.order_ref; UPDATE orders SET state = ''void'' WHERE id = it.id;',
    'it orders;', 'AFTER DELETE');
SELECT * FROM pg_temp.told('CASE NEW.kind WHEN ''order'' THEN UPDATE orders SET state = ''paid'' WHERE id = NEW.order_id; ELSE NULL; END CASE;');
CREATE FUNCTION found_by.pay(p found_by.payments) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ UPDATE found_by.orders SET total = total - p.amount WHERE id = p.order_id $$;
SELECT * FROM pg_temp.told('PERFORM pay(NEW);');
-- Only of rows that are as nothing else asks for.
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE id = NEW.order_id AND state = ''awaiting payment'';');

-- By what is in a document: a member, a path, elements, and beside a word that it must hold.
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE id = (NEW.data ->> ''order_id'')::uuid;');
SELECT * FROM pg_temp.told('IF NEW.data ->> ''type'' = ''paid'' THEN UPDATE orders SET state = ''paid'' WHERE reference = NEW.data #>> ''{data,ref}''; END IF;');
SELECT * FROM pg_temp.told('FOR item IN SELECT * FROM jsonb_array_elements(NEW.data -> ''items'') LOOP
    UPDATE orders SET state = ''paid'' WHERE id = (item ->> ''id'')::uuid; END LOOP;', 'item jsonb;');

-- What goes into another table, and is looked for by the trigger there.
CREATE TABLE found_by.jobs (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), ref text);
ALTER TABLE found_by.jobs ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION found_by.work() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
    AS $$ BEGIN UPDATE found_by.orders SET state = 'paid' WHERE reference = NEW.ref; RETURN NEW; END $$;
CREATE TRIGGER work AFTER INSERT ON found_by.jobs FOR EACH ROW EXECUTE FUNCTION found_by.work();
SELECT * FROM pg_temp.told('INSERT INTO jobs (ref) VALUES (NEW.order_ref);');
DROP TABLE found_by.jobs;

-- What anybody may hand in for a service: the write is open, and reaches further than that.
CREATE TABLE found_by.events (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), kind text NOT NULL, payload jsonb NOT NULL);
ALTER TABLE found_by.events ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON found_by.events FOR INSERT WITH CHECK (true);
SELECT * FROM pg_temp.told('IF NEW.kind = ''paid'' THEN UPDATE orders SET state = ''paid'' WHERE id = (NEW.payload -> ''order'' ->> ''id'')::uuid; END IF;',
    on_table => 'found_by.events');
DROP TABLE found_by.events;

-- Asked whose it is, by the row or by the caller; refused; done with the writer's rights; not for such a row.
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE reference = NEW.order_ref AND who = NEW.who;');
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE id = (NEW.data ->> ''order_id'')::uuid AND who = uid();');
SELECT * FROM pg_temp.told('IF NOT EXISTS (SELECT FROM orders o WHERE o.id = NEW.order_id AND o.who = uid()) THEN RAISE ''not yours''; END IF;
    UPDATE orders SET state = ''paid'' WHERE id = NEW.order_id;');
SELECT * FROM pg_temp.told('UPDATE orders SET state = ''paid'' WHERE reference = NEW.order_ref;', rights => '');
ALTER POLICY own ON found_by.payments WITH CHECK (who = found_by.uid() AND kind = 'note');
SELECT * FROM pg_temp.told('IF NEW.kind = ''order'' THEN UPDATE orders SET state = ''paid'' WHERE reference = NEW.order_ref; END IF;');
ALTER POLICY own ON found_by.payments WITH CHECK (who = found_by.uid());
-- Counted; told to whoever has it; counted where all see it.
SELECT * FROM pg_temp.told('UPDATE orders SET payments = payments + 1 WHERE reference = NEW.order_ref;');
CREATE TABLE found_by.notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, body text);
ALTER TABLE found_by.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON found_by.notes FOR SELECT USING (who = found_by.uid());
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT o.who, ''paid: '' || o.reference FROM orders o WHERE o.id = NEW.order_id;');
CREATE POLICY everybody ON found_by.orders FOR SELECT USING (true);
SELECT * FROM pg_temp.told('UPDATE orders SET payments = payments + 1, total = total + 1 WHERE id = (NEW.data ->> ''order_id'')::uuid;');
DROP POLICY everybody ON found_by.orders;

-- Copied to where the writer reads it: into another row, or the row itself, by whatever helper.
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT NEW.who, ''paid: '' || o.reference FROM orders o WHERE o.id = NEW.order_id;');
SELECT * FROM pg_temp.told('SELECT o.reference INTO NEW.kind FROM orders o WHERE o.id = (NEW.data ->> ''order_id'')::uuid;', event => 'BEFORE INSERT OR UPDATE');
ALTER TABLE found_by.payments ADD FOREIGN KEY (order_id) REFERENCES found_by.orders;
SELECT * FROM pg_temp.told('NEW.kind := (SELECT to_json(o) FROM orders o WHERE o.id = NEW.order_id);', event => 'BEFORE INSERT');
-- Of his own alone; what all see; what can be known from the key that he gave.
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT NEW.who, o.reference FROM orders o WHERE o.id = NEW.order_id AND o.who = uid();');
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT NEW.who, o.who::text FROM orders o WHERE o.id = NEW.order_id;');
CREATE POLICY everybody ON found_by.orders FOR SELECT USING (true);
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT NEW.who, o.reference FROM orders o WHERE o.id = NEW.order_id;');
-- Where some are for all to see, one that is not is less.
ALTER POLICY everybody ON found_by.orders USING (state = 'shown');
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT NEW.who, o.reference FROM orders o WHERE o.id = NEW.order_id;');
SELECT * FROM pg_temp.told('INSERT INTO notes (who, body) SELECT NEW.who, o.reference FROM orders o WHERE o.id = NEW.order_id AND o.state = ''shown'';');
DROP TABLE found_by.payments, found_by.orders, found_by.notes CASCADE;

-- Whom one writes to has a name; an address is another thing.
CREATE TABLE found_by.profiles (who uuid PRIMARY KEY, full_name text, email text);
CREATE TABLE found_by.messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), sender uuid NOT NULL, addressee uuid NOT NULL, shown_as text);
ALTER TABLE found_by.profiles ENABLE ROW LEVEL SECURITY;
ALTER TABLE found_by.messages ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON found_by.profiles USING (who = found_by.uid());
CREATE POLICY own ON found_by.messages USING (sender = found_by.uid());
SELECT * FROM pg_temp.told('SELECT full_name INTO NEW.shown_as FROM profiles WHERE who = NEW.addressee;', event => 'BEFORE INSERT', on_table => 'found_by.messages');
SELECT * FROM pg_temp.told('SELECT email INTO NEW.shown_as FROM profiles WHERE who = NEW.addressee;', event => 'BEFORE INSERT', on_table => 'found_by.messages');
DROP TABLE found_by.profiles, found_by.messages;

-- Put among the members of what he names: by its id, its name, the domain of an address, with himself named in a document.
CREATE TABLE found_by.teams (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), slug text UNIQUE, domain text, invite_code text);
CREATE TABLE found_by.members (team uuid REFERENCES found_by.teams, who uuid, role text DEFAULT 'member', PRIMARY KEY (team, who));
CREATE TABLE found_by.plans (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), team uuid NOT NULL REFERENCES found_by.teams, body text);
CREATE TABLE found_by.joins (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, slug text, contact text, code text, data jsonb);
CREATE TABLE found_by.invitations (team uuid NOT NULL REFERENCES found_by.teams, who uuid NOT NULL, PRIMARY KEY (team, who));
CREATE POLICY own ON found_by.members FOR SELECT USING (who = found_by.uid());
CREATE POLICY ours ON found_by.plans USING (team IN (SELECT m.team FROM found_by.members m WHERE m.who = found_by.uid()));
CREATE POLICY own ON found_by.joins USING (who = found_by.uid());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'found_by'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
SELECT * FROM pg_temp.told('INSERT INTO members VALUES ((NEW.data ->> ''team'')::uuid, NEW.who) ON CONFLICT DO NOTHING;', on_table => 'found_by.joins');
SELECT * FROM pg_temp.told('INSERT INTO members VALUES ((NEW.data ->> ''team'')::uuid, (NEW.data ->> ''person'')::uuid) ON CONFLICT DO NOTHING;',
    on_table => 'found_by.joins');
SELECT * FROM pg_temp.told('INSERT INTO members SELECT t.id, NEW.who FROM teams t WHERE t.slug = NEW.slug;', event => 'AFTER UPDATE', on_table => 'found_by.joins');
SELECT * FROM pg_temp.told('INSERT INTO members SELECT t.id, NEW.who FROM teams t WHERE t.domain = split_part(NEW.contact, ''@'', 2);', on_table => 'found_by.joins');
-- By invitation; by a code that he is not shown, and by one that he is.
SELECT * FROM pg_temp.told('INSERT INTO members SELECT i.team, NEW.who FROM invitations i WHERE i.team = (NEW.data ->> ''team'')::uuid AND i.who = uid();',
    on_table => 'found_by.joins');
SELECT * FROM pg_temp.told('INSERT INTO members SELECT t.id, NEW.who FROM teams t WHERE t.invite_code = NEW.code;', on_table => 'found_by.joins');
CREATE POLICY everybody ON found_by.teams FOR SELECT USING (true);
SELECT * FROM pg_temp.told('INSERT INTO members SELECT t.id, NEW.who FROM teams t WHERE t.invite_code = NEW.code;', on_table => 'found_by.joins');
DROP SCHEMA found_by CASCADE;
DROP ROLE anon, authenticated;
