# Applications as tools write them, with nothing declared: each leak they have is found by running it, and no table that is
# right is accused.
use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE app');
$node->psql('app', "\\i $_", on_error_stop => 1, on_error_die => 1) for 'src/cli/prelude/supabase.sql', 'test/data/apps/office.sql';
$node->safe_psql('app', 'CREATE EXTENSION rlsproof');

my %found;
for my $line (split /\n/, $node->safe_psql('app',
    q{SELECT rule || ' ' || object, evidence FROM rlsproof.audit() WHERE category = 'exposure' AND level IN ('error', 'warning')}, extra_params => [ '-F', "\t" ])) {
    my ($finding, $evidence) = split /\t/, $line;
    $found{$finding} = $evidence;
}
my %witness = map { $_ => 1 } split /\n/,
    $node->safe_psql('app', q{SELECT DISTINCT object || ' ' || command FROM rlsproof.verify() WHERE verdict = 'open' AND witness IS NOT NULL});

my %leaks = (
    'open public.api_keys' => 'SELECT',                      # nobody who has not signed in is nobody's key
    'open public.deals' => 'SELECT',                         # one membership anywhere shows every deal
    'open public.grades' => 'UPDATE',                        # whoever has signed in grades
    'open public.orders' => 'UPDATE',                        # whoever has signed in cancels
    'open public.organizations' => 'INSERT',                 # WITH CHECK (true)
    'open public.invoices' => 'SELECT',                      # everybody without a tenant is in the tenant demo
    'open public.settings' => 'SELECT',                      # what belongs to no tenant
    'open rpc:public.cancel_order(uuid)' => 'EXECUTE',       # asks who is calling, and not whose order it is
    'definer_function rpc:public.get_order(uuid)' => 'EXECUTE',
    'owner_view public.seller_totals' => 'SELECT',
    'owner_view public.editable_products' => 'INSERT',
    'self_promotion public.profiles' => 'UPDATE',
    'writable_authority public.enrollments' => 'INSERT',     # enrolled, and paid by saying so
    'writable_authority public.room_members' => 'INSERT');
for my $leak (sort keys %leaks) {
    is($found{$leak}, 'execution', "$leak: found, and seen");
    my ($object) = $leak =~ / (.*)/;
    ok($witness{"$object $leaks{$leak}"}, "$leak: with a witness for $leaks{$leak}");
}

# What is public on purpose is open until somebody says so; it is never worse than a warning.
my %public = map { $_ => 1 } ('open public.courses', 'open public.products', 'open public.rooms', 'open public.reviews');
my @more = grep { !$leaks{$_} && !$public{$_} && !/^(search_path_mutable|default_privileges|uncorrelated_subquery|truncate_granted) / } sort keys %found;
is_deeply(\@more, [], 'nothing else is accused');

for my $right (qw(org_members contacts deal_notes lessons submissions messages dm files audit_log payouts order_list)) {
    ok(!(grep { / public\.\Q$right\E$/ && !/truncate_granted/ } keys %found), "$right is right");
}
is($node->safe_psql('app', q{SELECT string_agg(DISTINCT verdict, ' ') FROM rlsproof.verify(NULL, 'rpc:public.my_orders()')}), 'ok', 'my_orders is right');
is($node->safe_psql('app', q{SELECT string_agg(DISTINCT verdict, ' ') FROM rlsproof.verify(NULL, 'rpc:public.admin_stats()')}), 'ok', 'admin_stats is right');

# Shapes of conditions, one table each: whatever a policy asks of a row, a row that meets it is made.
$node->safe_psql('postgres', 'CREATE DATABASE shapes');
$node->psql('shapes', "\\i $_", on_error_stop => 1, on_error_die => 1) for 'src/cli/prelude/supabase.sql', 'test/data/apps/shapes.sql';
$node->safe_psql('shapes', 'CREATE EXTENSION rlsproof');
my %open = map { $_ => 1 } split /\n/, $node->safe_psql('shapes', q{
    SELECT DISTINCT object FROM rlsproof.verify() WHERE verdict = 'open' AND evidence = 'execution' AND command IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE')});
for my $table (split /\n/, $node->safe_psql('shapes', q{SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relname ~ '^[gb]_' ORDER BY relname COLLATE "C"})) {
    if ($table eq 'b_meta') { # nobody has the claim until they write it themselves
        is($node->safe_psql('shapes', q{SELECT count(*) FROM rlsproof.lint('forgeable_claim', 'public.b_meta')}), '1', "$table: decides by what users write");
    } elsif ($table =~ /^b_/) {
        ok($open{"public.$table"}, "$table is open");
    } else {
        ok(!$open{"public.$table"}, "$table is right");
    }
}

done_testing();
