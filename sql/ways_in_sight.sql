-- Ways up that show nothing more, as everybody reads the rows anyway: what was gained is that they may be changed. And the
-- words that are asked of one's own row, where they stand in rows that everybody reads.
\pset format unaligned
\pset fieldsep ' | '
\pset footer off
SET client_min_messages = warning;
CREATE ROLE anon;
CREATE ROLE authenticated;
CREATE SCHEMA in_sight;
GRANT USAGE ON SCHEMA in_sight TO anon, authenticated;
SET search_path = in_sight;
CREATE FUNCTION uid() RETURNS uuid LANGUAGE sql STABLE
    AS $$ SELECT (nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub')::uuid $$;
-- Whoever says that he is in a shop's staff changes its goods.
CREATE TABLE shop (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL);
CREATE TABLE staff (shop uuid NOT NULL REFERENCES shop, who uuid NOT NULL, PRIMARY KEY (shop, who));
CREATE TABLE goods (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), shop uuid NOT NULL REFERENCES shop, price numeric);
CREATE POLICY everybody_reads ON shop FOR SELECT USING (true);
CREATE POLICY own ON staff FOR SELECT USING (who = uid());
CREATE POLICY joins ON staff FOR INSERT WITH CHECK (who = uid());
CREATE POLICY everybody_reads ON goods FOR SELECT USING (true);
CREATE POLICY staff_prices ON goods FOR UPDATE USING (EXISTS (SELECT FROM staff s WHERE s.shop = goods.shop AND s.who = uid()));
-- The same, where the owner alone takes people on; who follows a shop may change nothing of it.
CREATE TABLE stall (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), owner uuid NOT NULL);
CREATE TABLE help (stall uuid NOT NULL REFERENCES stall, who uuid NOT NULL, PRIMARY KEY (stall, who));
CREATE TABLE followed (stall uuid NOT NULL REFERENCES stall, who uuid NOT NULL, PRIMARY KEY (stall, who));
CREATE TABLE fruit (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), stall uuid NOT NULL REFERENCES stall, price numeric);
CREATE POLICY everybody_reads ON stall FOR SELECT USING (true);
CREATE POLICY opens ON stall FOR INSERT WITH CHECK (owner = uid());
CREATE POLICY own ON help FOR SELECT USING (who = uid());
CREATE POLICY takes_on ON help FOR INSERT WITH CHECK (EXISTS (SELECT FROM stall s WHERE s.id = stall AND s.owner = uid()));
CREATE POLICY follows ON followed USING (who = uid());
CREATE POLICY everybody_reads ON fruit FOR SELECT USING (true);
CREATE POLICY helpers_price ON fruit USING (EXISTS (SELECT FROM help h WHERE h.stall = fruit.stall AND h.who = uid()));
-- Which shop somebody is in stands in his own row.
CREATE TABLE clerk (who uuid PRIMARY KEY, shop uuid REFERENCES shop, bio text);
CREATE TABLE offer (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), shop uuid NOT NULL REFERENCES shop);
CREATE POLICY own ON clerk USING (who = uid());
CREATE POLICY everybody_reads ON offer FOR SELECT USING (true);
CREATE POLICY clerks ON offer FOR DELETE USING (shop = (SELECT c.shop FROM clerk c WHERE c.who = uid()));
-- An address that a hotel lists, in a row of his own that says what he likes; looked up, or compared where it stands.
CREATE TABLE guest (who uuid PRIMARY KEY, mail text, floors text[], wing text);
CREATE TABLE hotel (id int PRIMARY KEY, lets_in text[] DEFAULT '{}');
CREATE TABLE annexe (id int PRIMARY KEY, lets_in text[] NOT NULL DEFAULT '{}');
CREATE TABLE storey (id int PRIMARY KEY, floor text NOT NULL);
CREATE TABLE corner (id int PRIMARY KEY, wing text NOT NULL);
CREATE POLICY own ON guest FOR SELECT USING (who = uid());
CREATE POLICY own_change ON guest FOR UPDATE USING (who = uid());
CREATE POLICY everybody_reads ON hotel FOR SELECT USING (true);
CREATE POLICY listed ON hotel FOR UPDATE USING (EXISTS (SELECT FROM guest g WHERE g.who = uid() AND g.mail = ANY (hotel.lets_in)));
CREATE POLICY everybody_reads ON annexe FOR SELECT USING (true);
CREATE POLICY listed ON annexe FOR UPDATE USING ((SELECT g.mail FROM guest g WHERE g.who = uid()) = ANY (lets_in));
CREATE POLICY everybody_reads ON storey FOR SELECT USING (true);
CREATE POLICY listed ON storey FOR DELETE USING (EXISTS (SELECT FROM guest g WHERE g.who = uid() AND storey.floor = ANY (g.floors)));
CREATE POLICY everybody_reads ON corner FOR SELECT USING (true);
CREATE POLICY same ON corner FOR DELETE USING (wing = (SELECT g.wing FROM guest g WHERE g.who = uid()));
DO $$ DECLARE t regclass; BEGIN
    FOR t IN SELECT oid FROM pg_class WHERE relnamespace = 'in_sight'::regnamespace AND relkind = 'r' LOOP
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
    END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA in_sight TO authenticated;
RESET search_path;
SELECT object, rule, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') ORDER BY object COLLATE "C", message COLLATE "C";
-- What the address is, is not his to say.
REVOKE UPDATE ON in_sight.guest FROM authenticated;
GRANT UPDATE (wing) ON in_sight.guest TO authenticated;
SELECT object, rule, message FROM rlsproof.audit() WHERE rule IN ('self_promotion', 'writable_authority') AND object = 'in_sight.guest';
DROP SCHEMA in_sight CASCADE;
DROP ROLE anon, authenticated;
