# Index advice that hypopg has tried: what the planner would do with the index, in warnings and in check_query().
use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'rlsproof'\njit = off\nautovacuum = off\nrlsproof.report_interval = 0\n");
$node->start;
$node->safe_psql('postgres', q{CREATE EXTENSION rlsproof;
	CREATE TABLE orders (id int PRIMARY KEY, code text, status text);
	INSERT INTO orders SELECT g, 'c' || g, 'open' FROM generate_series(1, 30000) g; VACUUM ANALYZE orders});

sub warned
{
	my ($sql) = @_;
	my (undef, $out, $err) = $node->psql('postgres', "SET rlsproof.rule_full_scan = warn; $sql");
	return join "\n", $err =~ /HINT:  (.*)/g;
}

my $by_code = 'SELECT id FROM orders WHERE code = ';
is(warned("$by_code 'c7'"), 'CREATE INDEX ON public.orders (code);', 'without hypopg nothing is tried');

$node->safe_psql('postgres', 'CREATE SCHEMA "odd place"; CREATE EXTENSION hypopg SCHEMA "odd place"');
my $used = qr/^CREATE INDEX ON public\.orders \(code\); -- hypopg: the planner would use it, at a cost of \d instead of \d{3}$/;
like(warned("$by_code 'c7'"), $used, 'an index that would be used');
like(warned("PREPARE p(text) AS $by_code \$1; EXECUTE p('c7')"), $used, 'of a prepared statement');
is(warned(q{SELECT count(code) FROM orders WHERE status = 'open'}),
	'CREATE INDEX ON public.orders (status); -- hypopg: the planner would not use it as the table is now', 'one that would not be');
is(warned(q{SELECT id FROM orders WHERE code LIKE '%7%'}),
	'CREATE EXTENSION IF NOT EXISTS pg_trgm; CREATE INDEX ON public.orders USING gin (code gin_trgm_ops);', 'one that hypopg does not know');
is(warned(q{DO $$ DECLARE c text := 'c7'; n int; BEGIN SELECT id INTO n FROM orders WHERE code = c; END $$}),
	'CREATE INDEX ON public.orders (code);', 'a statement that means something only inside its function');
like($node->safe_psql('postgres', "SELECT hint FROM rlsproof.check_query(\$\$$by_code \$1\$\$) WHERE rule = 'full_scan'"), $used, 'check_query() asks too');

my $left = $node->background_psql('postgres');
$left->query_safe('SET client_min_messages = error; SET rlsproof.rule_full_scan = warn;');
$left->query_safe("PREPARE rlsproof_hypothetical AS SELECT 1; BEGIN; $by_code 'c8'; COMMIT; $by_code 'c9'; DEALLOCATE rlsproof_hypothetical; $by_code 'c8'");
is($left->query_safe('SELECT count(*) FROM "odd place".hypopg()'), '0', 'no hypothetical index stays');
is($left->query_safe('SELECT count(*) FROM pg_prepared_statements'), '0', 'nor a prepared statement');
is($left->query_safe('SHOW plan_cache_mode'), 'auto', 'nor a setting');
$left->quit;

# A statement that is refused gets the same hint, and its transaction its error.
my (undef, undef, $err) = $node->psql('postgres', "SET rlsproof.rule_full_scan = error; $by_code 'c7'");
like($err, qr/ERROR:  all of public.orders is read\n.*\nHINT:  CREATE INDEX ON public.orders \(code\); -- hypopg: the planner would use it/, 'a refusal');

done_testing();
