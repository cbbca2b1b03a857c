-- What triggers do with a row of one's own, past all policies: rows of other people that it points to are changed, or its
-- writer is put where others are decided about.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = error;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA set_off;
GRANT USAGE ON SCHEMA set_off TO authenticated;
ALTER DEFAULT PRIVILEGES IN SCHEMA set_off GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO authenticated;
CREATE FUNCTION set_off.uid() RETURNS uuid LANGUAGE sql STABLE
    RETURN (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid;
CREATE FUNCTION pg_temp.found() RETURNS TABLE (level text, rule text, message text, statement text) LANGUAGE sql
    AS $$ SELECT level, rule, message, regexp_replace(detail, '.*It was done with: (\S+( \S+){2}).*', '\1') FROM rlsproof.audit()
    WHERE rule IN ('trigger_reach', 'writable_authority', 'self_promotion', 'open', 'unknown') $$;

-- A payment of one's own that points to somebody else's invoice.
CREATE TABLE set_off.invoices (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, paid numeric NOT NULL DEFAULT 0,
    state text NOT NULL DEFAULT 'due', payments int NOT NULL DEFAULT 0, updated_at timestamptz);
CREATE TABLE set_off.payments (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL,
    invoice uuid NOT NULL REFERENCES set_off.invoices, amount numeric NOT NULL);
CREATE POLICY own ON set_off.invoices USING (who = set_off.uid());
CREATE POLICY own ON set_off.payments USING (who = set_off.uid());
SELECT format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', c.oid::regclass)
FROM pg_class c WHERE c.relnamespace = 'set_off'::regnamespace AND c.relkind = 'r' ORDER BY c.relname \gexec
CREATE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET paid = paid + NEW.amount, state = 'paid' WHERE id = NEW.invoice; RETURN NEW; END $$;
CREATE TRIGGER pay AFTER INSERT ON set_off.payments FOR EACH ROW EXECUTE FUNCTION set_off.pay();
SELECT * FROM pg_temp.found();
SELECT persona, command, verdict, evidence, reason, witness ->> 'script' ~ 'insert into set_off.invoices .*insert into set_off.payments ' AS whole
FROM rlsproof.verify(NULL, 'set_off.payments') WHERE verdict = 'open' ORDER BY 1, 2;

-- One that it may have, and points elsewhere then.
DROP TRIGGER pay ON set_off.payments;
CREATE TRIGGER pay AFTER UPDATE ON set_off.payments FOR EACH ROW EXECUTE FUNCTION set_off.pay();
SELECT * FROM pg_temp.found();
SELECT persona, command, verdict, witness ->> 'statement' ~ '^update set_off.payments set invoice = ' AS by_update
FROM rlsproof.verify('newcomer', 'set_off.payments') WHERE verdict = 'open';

-- One that it takes away.
CREATE FUNCTION set_off.unpay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET state = 'withdrawn' WHERE id = OLD.invoice; RETURN OLD; END $$;
DROP TRIGGER pay ON set_off.payments;
CREATE TRIGGER unpay AFTER DELETE ON set_off.payments FOR EACH ROW EXECUTE FUNCTION set_off.unpay();
SELECT * FROM pg_temp.found();
DROP TRIGGER unpay ON set_off.payments;

-- Rows that are gone.
CREATE TABLE set_off.reminders (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, invoice uuid REFERENCES set_off.invoices);
ALTER TABLE set_off.reminders ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON set_off.reminders USING (who = set_off.uid());
CREATE FUNCTION set_off.forget() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    DELETE FROM set_off.reminders WHERE invoice = NEW.invoice; RETURN NEW; END $$;
CREATE TRIGGER forget AFTER INSERT ON set_off.payments FOR EACH ROW EXECUTE FUNCTION set_off.forget();
SELECT * FROM pg_temp.found();
DROP TABLE set_off.reminders;
DROP TRIGGER forget ON set_off.payments;

-- An amount alone is more than a count: it is what the row says.
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET paid = paid + NEW.amount WHERE id = NEW.invoice; RETURN NEW; END $$;
CREATE TRIGGER pay AFTER INSERT OR UPDATE ON set_off.payments FOR EACH ROW EXECUTE FUNCTION set_off.pay();
SELECT * FROM pg_temp.found();

-- Whoever sees the invoice may well pay it. What it says of how it stands is another matter.
CREATE POLICY everybody ON set_off.invoices FOR SELECT USING (true);
SELECT * FROM pg_temp.found() WHERE rule = 'trigger_reach';
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET paid = paid + NEW.amount, state = 'paid' WHERE id = NEW.invoice; RETURN NEW; END $$;
ALTER TABLE set_off.invoices ADD CONSTRAINT states CHECK (state IN ('due', 'paid'));
SELECT * FROM pg_temp.found() WHERE rule = 'trigger_reach';
DROP POLICY everybody ON set_off.invoices;
ALTER TABLE set_off.invoices DROP CONSTRAINT states;

-- The trigger asks whose invoice it is.
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NOT EXISTS (SELECT FROM set_off.invoices i WHERE i.id = NEW.invoice AND i.who = NEW.who) THEN RAISE EXCEPTION 'not yours'; END IF;
    UPDATE set_off.invoices SET state = 'paid' WHERE id = NEW.invoice; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
-- Or writes to those of its own alone.
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET state = 'paid' WHERE id = NEW.invoice AND who = NEW.who; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
-- Or the policies ask, since the function runs as its caller, and then as its owner again.
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE set_off.invoices SET state = 'paid' WHERE id = NEW.invoice; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
ALTER FUNCTION set_off.pay() SECURITY DEFINER;
SELECT * FROM pg_temp.found();
-- Or the policy of the payments.
ALTER POLICY own ON set_off.payments WITH CHECK (who = set_off.uid() AND EXISTS (
    SELECT FROM set_off.invoices i WHERE i.id = invoice AND i.who = set_off.uid()));
SELECT * FROM pg_temp.found();
ALTER POLICY own ON set_off.payments WITH CHECK (who = set_off.uid());

-- Keeping books on what is pointed to: how many, when, and a word to whoever has it.
CREATE TABLE set_off.notifications (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, body text);
CREATE TABLE set_off.log (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid, what text);
ALTER TABLE set_off.notifications ENABLE ROW LEVEL SECURITY;
ALTER TABLE set_off.log ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON set_off.notifications USING (who = set_off.uid());
CREATE POLICY own ON set_off.log FOR SELECT USING (who = set_off.uid());
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET payments = payments + 1 WHERE id = NEW.invoice; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET payments = (SELECT count(*) FROM set_off.payments p WHERE p.invoice = invoices.id) WHERE id = NEW.invoice;
    RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET updated_at = now() WHERE id = NEW.invoice; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
-- What any change of such a row does to it is nobody's doing.
CREATE FUNCTION set_off.tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.state := upper(NEW.state); RETURN NEW; END $$;
CREATE TRIGGER tidy BEFORE UPDATE ON set_off.invoices FOR EACH ROW EXECUTE FUNCTION set_off.tidy();
SELECT * FROM pg_temp.found();
DROP TRIGGER tidy ON set_off.invoices;
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO set_off.notifications (who, body) SELECT who, 'paid' FROM set_off.invoices WHERE id = NEW.invoice; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO set_off.log (who, what) VALUES (NEW.who, TG_OP); RETURN NEW; END $$;
SELECT * FROM pg_temp.found();

-- A gift is to somebody, and goes into what that one has. A view shows what policies do not.
CREATE TABLE set_off.purses (who uuid PRIMARY KEY, amount numeric NOT NULL DEFAULT 0, colour text);
CREATE TABLE set_off.gifts (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), giver uuid NOT NULL, taker uuid NOT NULL, amount numeric NOT NULL);
ALTER TABLE set_off.purses ENABLE ROW LEVEL SECURITY;
ALTER TABLE set_off.gifts ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON set_off.purses FOR SELECT USING (who = set_off.uid());
CREATE POLICY give ON set_off.gifts FOR INSERT WITH CHECK (giver = set_off.uid());
CREATE POLICY see ON set_off.gifts FOR SELECT USING (giver = set_off.uid() OR taker = set_off.uid());
CREATE FUNCTION set_off.hand_over() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.purses SET amount = amount + NEW.amount, colour = 'gold' WHERE who = NEW.taker; RETURN NEW; END $$;
CREATE TRIGGER hand_over AFTER INSERT ON set_off.gifts FOR EACH ROW EXECUTE FUNCTION set_off.hand_over();
SELECT * FROM pg_temp.found();
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE set_off.invoices SET paid = paid + NEW.amount WHERE id = NEW.invoice; RETURN NEW; END $$;
CREATE VIEW set_off.to_pay AS SELECT id, state FROM set_off.invoices;
GRANT SELECT ON set_off.to_pay TO authenticated;
SELECT * FROM pg_temp.found() WHERE rule = 'trigger_reach';
DROP VIEW set_off.to_pay;
SELECT * FROM pg_temp.found();

-- What is built at run time cannot be undone for certain: nothing is tried, and nothing said.
CREATE OR REPLACE FUNCTION set_off.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    EXECUTE 'UPDATE set_off.invoices SET state = ''paid'' WHERE id = $1' USING NEW.invoice; RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
DROP TRIGGER pay ON set_off.payments;

-- An application of one's own that says of itself that it was granted, and the trigger that takes its word for it.
CREATE TABLE set_off.roles (who uuid PRIMARY KEY, role text NOT NULL);
CREATE TABLE set_off.applications (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, wanted text NOT NULL,
    state text NOT NULL DEFAULT 'pending');
CREATE TABLE set_off.salaries (id int PRIMARY KEY, who uuid NOT NULL, amount int);
ALTER TABLE set_off.roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE set_off.applications ENABLE ROW LEVEL SECURITY;
ALTER TABLE set_off.salaries ENABLE ROW LEVEL SECURITY;
CREATE FUNCTION set_off.appoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF NEW.state = 'approved' THEN INSERT INTO set_off.roles VALUES (NEW.who, NEW.wanted)
        ON CONFLICT (who) DO UPDATE SET role = excluded.role; END IF; RETURN NEW; END $$;
CREATE TRIGGER appoint AFTER INSERT OR UPDATE ON set_off.applications FOR EACH ROW EXECUTE FUNCTION set_off.appoint();
CREATE POLICY apply ON set_off.applications FOR INSERT WITH CHECK (who = set_off.uid());
CREATE POLICY see ON set_off.applications FOR SELECT USING (who = set_off.uid());
CREATE POLICY own ON set_off.roles FOR SELECT USING (who = set_off.uid());
CREATE POLICY own ON set_off.salaries FOR SELECT USING (who = set_off.uid()
    OR EXISTS (SELECT FROM set_off.roles r WHERE r.who = set_off.uid() AND r.role = 'admin'));
SELECT * FROM pg_temp.found();
SELECT command, verdict, evidence, reason FROM rlsproof.verify('newcomer', 'set_off.applications') WHERE verdict = 'open';
-- Put in as it should be, and changed then.
ALTER POLICY apply ON set_off.applications WITH CHECK (who = set_off.uid() AND state = 'pending');
CREATE POLICY change ON set_off.applications FOR UPDATE USING (who = set_off.uid());
SELECT * FROM pg_temp.found();
-- What the condition of the trigger asks is tried as well.
DROP TRIGGER appoint ON set_off.applications;
CREATE TRIGGER appoint AFTER UPDATE ON set_off.applications FOR EACH ROW WHEN (NEW.state = 'granted') EXECUTE FUNCTION set_off.appoint();
CREATE OR REPLACE FUNCTION set_off.appoint() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO set_off.roles VALUES (NEW.who, NEW.wanted); RETURN NEW; END $$;
SELECT * FROM pg_temp.found();
-- What it must not say: the list of the appointed is filled by a trigger, if not at sign-up.
ALTER POLICY change ON set_off.applications WITH CHECK (who = set_off.uid() AND state = 'pending');
SELECT * FROM pg_temp.found();
SELECT object, message, detail FROM rlsproof.audit() WHERE key = 'unknown:appointed:set_off.roles';
-- What no rollback undoes is not tried, and so not known to be harmless.
CREATE SCHEMA not_tried;
GRANT USAGE ON SCHEMA not_tried TO authenticated;
CREATE TABLE not_tried.bills (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, state text NOT NULL DEFAULT 'due');
CREATE TABLE not_tried.log (id bigserial PRIMARY KEY, what text);
CREATE TABLE not_tried.pays (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), who uuid NOT NULL, bill uuid NOT NULL REFERENCES not_tried.bills);
CREATE POLICY own ON not_tried.bills USING (who = set_off.uid());
CREATE POLICY own ON not_tried.pays USING (who = set_off.uid());
ALTER TABLE not_tried.bills ENABLE ROW LEVEL SECURITY;
ALTER TABLE not_tried.log ENABLE ROW LEVEL SECURITY;
ALTER TABLE not_tried.pays ENABLE ROW LEVEL SECURITY;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA not_tried TO authenticated;
CREATE FUNCTION not_tried.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    UPDATE not_tried.bills SET state = 'paid' WHERE id = NEW.bill; INSERT INTO not_tried.log (what) VALUES ('paid'); RETURN NEW; END $$;
CREATE TRIGGER pay AFTER INSERT ON not_tried.pays FOR EACH ROW EXECUTE FUNCTION not_tried.pay();
SELECT persona, command, verdict, reason FROM rlsproof.verify('newcomer', 'not_tried.pays') WHERE verdict <> 'ok';
-- A log alone leaves nothing open.
CREATE OR REPLACE FUNCTION not_tried.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    INSERT INTO not_tried.log (what) VALUES ('paid'); RETURN NEW; END $$;
SELECT persona, command, verdict, reason FROM rlsproof.verify('newcomer', 'not_tried.pays') WHERE verdict <> 'ok';
-- SQL that is built at run time may do anything that whoever owns the function may; a log by it still leaves nothing
-- open, nor does what runs with the rights of the writer.
CREATE OR REPLACE FUNCTION not_tried.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    EXECUTE format('UPDATE %I.bills SET state = $1 WHERE id = $2', TG_TABLE_SCHEMA) USING 'paid', NEW.bill; RETURN NEW; END $$;
SELECT persona, command, verdict, reason FROM rlsproof.verify('newcomer', 'not_tried.pays') WHERE verdict <> 'ok';
CREATE OR REPLACE FUNCTION not_tried.pay() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
    IF TG_OP <> 'UPDATE' THEN EXECUTE format('INSERT INTO %I.log (what) VALUES ($1)', TG_TABLE_SCHEMA) USING 'paid'; END IF; RETURN NEW; END $$;
SELECT persona, command, verdict, reason FROM rlsproof.verify('newcomer', 'not_tried.pays') WHERE verdict <> 'ok';
CREATE OR REPLACE FUNCTION not_tried.pay() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    EXECUTE format('UPDATE %I.bills SET state = $1 WHERE id = $2', TG_TABLE_SCHEMA) USING 'paid', NEW.bill; RETURN NEW; END $$;
SELECT persona, command, verdict, reason FROM rlsproof.verify('newcomer', 'not_tried.pays') WHERE verdict <> 'ok';
-- Nor does a trigger that nothing of its own sets off.
ALTER FUNCTION not_tried.pay() SECURITY DEFINER;
ALTER POLICY own ON not_tried.pays USING (false);
SELECT persona, command, verdict, reason FROM rlsproof.verify('newcomer', 'not_tried.pays') WHERE verdict <> 'ok';
DROP SCHEMA set_off, not_tried CASCADE;
DROP ROLE anon, authenticated;
