// What is asked, and what may be taken for granted: the part of the encoder that states things.
#include "prove/encode.hpp"

#include <algorithm>

namespace rlsproof::prove {

using expr::Comparison;

Encoder::Encoder(const Question &question, Formulas &formulas)
    : question_(question), f_(formulas), next_row_(question.next_row) {
    state_subjects();
    for (size_t i = 0; i < question.claims.size(); i++) {
        const Claim &claim = question.claims[i];
        const Id yes = this->yes(claim.condition);
        state(claim.name, claim.holds ? yes : f_.negation(yes), false);
        assertions_.back().bad = (int)i == question.bad;
    }
    begin_steps();
    state_constraints();
    state_steps();
    state_literals();
}

void Encoder::state(const std::string &name, Id formula, bool axiom, bool alone) {
    // A table that is looked at after each of many steps states its keys as often, all by the same names.
    std::string unique = name;
    int &turn = turns_[name];
    while (!names_.insert(unique).second) unique = name + " (" + std::to_string(++turn + 1) + ")";
    assertions_.push_back({std::move(unique), formula, axiom, false, alone});
}

void Encoder::state_subjects() {
    for (const Subject &subject : question_.subjects) {
        use(subject.row.table);
        const Id row = constant(As::subject, subject.name, row_sort(subject.row.table), "");
        subjects_.push_back(row);
        bind(subject.row, row);
        const Id there = present(subject.row.table, row);
        state(subject.name + (subject.present ? " is there" : " is not there yet"),
              subject.present ? there : f_.negation(there), false);
    }
}

// Equal in no row but itself: some column is NULL or differs.
Id Encoder::key_differs(const Table &table, int number, const Key &key, Id left, Id right) {
    std::vector<Id> differs;
    for (const int c : key.columns) {
        const expr::Type &type = table.column(c)->type;
        const Value a = column(type, number, c, left), b = column(type, number, c, right);
        const Id equal = type.is_boolean() ? f_.equal(a.term, b.term) : meets(Comparison::equal, type, a.term, b.term);
        differs.insert(differs.end(), {a.null, b.null, f_.negation(equal)});
    }
    return f_.disjunction(differs);
}

// That all its columns are what the key of `parent` says.
Id Encoder::matches(int number, const Reference &reference, Id child, Id parent) {
    const Table &from = question_.tables[(size_t)number], &to = question_.tables[(size_t)reference.parent];
    std::vector<Id> parts;
    for (size_t i = 0; i < reference.columns.size(); i++) {
        const expr::Type &type = from.column(reference.columns[i])->type;
        const Value a = column(type, number, reference.columns[i], child),
                    b = column(to.column(reference.parent_columns[i])->type, reference.parent,
                               reference.parent_columns[i], parent);
        parts.insert(parts.end(),
                     {f_.negation(a.null), f_.negation(b.null),
                      type.is_boolean() ? f_.equal(a.term, b.term) : meets(Comparison::equal, type, a.term, b.term)});
    }
    return f_.conjunction(parts);
}

Id Encoder::refers(int number, const Reference &reference, Id child) {
    const Table &from = question_.tables[(size_t)number], &to = question_.tables[(size_t)reference.parent];
    std::vector<Id> ways;
    for (const int c : reference.columns) ways.push_back(column(from.column(c)->type, number, c, child).null);
    const Id parent = f_.variable(row_sort(reference.parent), to.name);
    ways.push_back(f_.exists(
        parent, f_.conjunction({present(reference.parent, parent), matches(number, reference, child, parent)})));
    // A new row may refer to itself.
    if (reference.parent == number && std::find(subjects_.begin(), subjects_.end(), child) != subjects_.end())
        ways.push_back(matches(number, reference, child, child));
    return f_.disjunction(ways);
}

Id Encoder::check_holds(const Check &check, Id row) {
    const expr::Select copy = renamed({{check.row}, check.condition, expr::boolean(true)});
    bind(copy.rows.front(), row);
    return f_.negation(truth(copy.where).no);
}

// Only of tables that the question speaks of: what holds in the others can be had by leaving them empty.
void Encoder::state_constraints() {
    // Stating one may bring a table in: a CHECK never does, a reference only where both are in already.
    std::vector<int> tables;
    for (const auto &[table, used] : used_tables_) tables.push_back(table);
    for (const int number : tables) {
        const Table &table = question_.tables[(size_t)number];
        std::vector<std::pair<Id, const Subject *>> fresh;
        for (size_t i = 0; i < question_.subjects.size(); i++)
            if (question_.subjects[i].row.table == number && !question_.subjects[i].present)
                fresh.emplace_back(subjects_[i], &question_.subjects[i]);
        for (const Key &key : table.keys) {
            const Id a = f_.variable(row_sort(number), table.name), b = f_.variable(row_sort(number), table.name);
            const Id stored = f_.for_all(
                a, f_.for_all(b, f_.disjunction({f_.negation(present(number, a)), f_.negation(present(number, b)),
                                                 f_.equal(a, b), key_differs(table, number, key, a, b)})));
            std::vector<Id> parts;
            for (const auto &[row, subject] : fresh) {
                const Id other = f_.variable(row_sort(number), table.name);
                std::vector<Id> ways{f_.negation(present(number, other)), key_differs(table, number, key, row, other)};
                if (subject->replaces >= 0) ways.push_back(f_.equal(other, subjects_[(size_t)subject->replaces]));
                parts.push_back(f_.for_all(other, f_.disjunction(ways)));
            }
            state(key.name, stored, true);
            if (!parts.empty()) state(key.name + " of what is written", f_.conjunction(parts), true, true);
        }
        for (const Reference &reference : table.references) {
            if (!used_tables_.contains(reference.parent)) continue;
            const Id child = f_.variable(row_sort(number), table.name);
            state(reference.name,
                  f_.for_all(child, f_.implies(present(number, child), refers(number, reference, child))), true);
            std::vector<Id> parts;
            for (const auto &[row, subject] : fresh) parts.push_back(refers(number, reference, row));
            if (!parts.empty()) state(reference.name + " of what is written", f_.conjunction(parts), true, true);
        }
        for (const Check &check : table.checks) {
            const Id row = f_.variable(row_sort(number), table.name);
            std::vector<Id> parts{f_.for_all(row, f_.implies(present(number, row), check_holds(check, row)))};
            for (const auto &[written, subject] : fresh)
                if (!check.stored) parts.push_back(check_holds(check, written));
            state(check.name, f_.conjunction(parts), true);
        }
    }
    for (const auto &[place, used] : std::map(used_columns_)) {
        const auto [number, c] = place;
        const Table &table = question_.tables[(size_t)number];
        const Column &known = *table.column(c);
        if (!known.nullable)
            state("NOT NULL " + table.name + "(" + known.name + ")",
                  constant(As::not_null, table.name + "." + known.name, "Bool", ""), true);
        if (known.most < known.least || known.type.sort != expr::Sort::number) continue;
        const Id row = f_.variable(row_sort(number), table.name);
        const Value v = column(known.type, number, c, row);
        state("the labels of " + known.type.name + " in " + table.name + "(" + known.name + ")",
              f_.for_all(row, f_.disjunction(
                                  {v.null, f_.conjunction({f_.negation(f_.less(v.term, f_.numeral(known.least))),
                                                           f_.negation(f_.less(f_.numeral(known.most), v.term))})})),
              true);
    }
}

void Encoder::state_literals() {
    std::map<std::string, std::vector<size_t>> by_type;
    for (size_t i = 0; i < literals_.size(); i++) by_type[literals_[i].type.name].push_back(i);
    for (const auto &[name, members] : by_type) {
        const expr::Type &type = literals_[members.front()].type;
        std::vector<Id> facts;
        const auto same = [&](const Literal &a, const Literal &b) {
            for (const auto &group : question_.equal_literals) {
                const auto in = [&](const Literal &l) {
                    return std::find(group.begin(), group.end(), std::make_pair(l.type, l.text)) != group.end();
                };
                if (in(a) && in(b)) return true;
            }
            return false;
        };
        for (size_t i = 0; i < members.size(); i++) {
            const Literal &a = literals_[members[i]];
            if (type.sort == expr::Sort::decimal) {
                const size_t digits = a.text.find_first_not_of("0123456789", a.text.starts_with('-') ? 1 : 0);
                const bool plain = !a.text.empty() && a.text != "-" &&
                                   (digits == std::string::npos ||
                                    (a.text[digits] == '.' && digits > (a.text.starts_with('-') ? 1U : 0U) &&
                                     digits + 1 < a.text.size() &&
                                     a.text.find_first_not_of("0123456789", digits + 1) == std::string::npos));
                if (plain) facts.push_back(f_.equal(canonical(type, a.term), f_.decimal(a.text)));
                continue;
            }
            for (size_t k = i + 1; k < members.size(); k++) {
                const Literal &b = literals_[members[k]];
                const Id equal = f_.equal(canonical(type, a.term), canonical(type, b.term));
                facts.push_back(same(a, b) ? equal : f_.negation(equal));
            }
        }
        if (!facts.empty()) state("the values of type " + name + " that are named", f_.conjunction(facts), true);
    }
}

std::map<std::string, std::vector<Id>> Encoder::make_elements(int rows) {
    std::map<std::string, std::vector<Id>> elements;
    std::vector<Id> facts;
    for (const auto &[number, used] : used_tables_) {
        if (question_.tables[(size_t)number].of >= 0) continue; // the same rows
        std::vector<Id> &list = elements[row_sort(number)];
        std::vector<Id> everything;
        int there = 0;
        for (size_t i = 0; i < subjects_.size(); i++)
            if (question_.subjects[i].row.table == number) {
                list.push_back(subjects_[i]);
                there++;
            }
        for (int i = there; i < rows || list.empty(); i++)
            list.push_back(constant(As::element, question_.tables[(size_t)number].name + " #" + std::to_string(i + 1),
                                    row_sort(number), ""));
        for (size_t i = 0; i < list.size(); i++)
            for (size_t k = i + 1; k < list.size(); k++) facts.push_back(f_.negation(f_.equal(list[i], list[k])));
    }
    elements_distinct_ = f_.conjunction(facts);
    return elements;
}

std::vector<int> Encoder::used_columns(int table) const {
    std::vector<int> result;
    for (const auto &[place, used] : used_columns_)
        if (place.first == table) result.push_back(place.second);
    return result;
}

const std::string &Encoder::column_symbol(int table, int number) const {
    const Table &of = question_.tables.at((size_t)table);
    return symbols_.at({As::column, of.name + "." + of.column(number)->name});
}

std::vector<ColumnTerms> Encoder::columns_of(int table, Id row) {
    std::vector<ColumnTerms> result;
    for (const int number : used_columns(table)) {
        const Column &known = *question_.tables[(size_t)table].column(number);
        const Value v = column(known.type, table, number, row);
        result.push_back({number, v.null, v.term, canonical(known.type, v.term)});
    }
    return result;
}

} // namespace rlsproof::prove
