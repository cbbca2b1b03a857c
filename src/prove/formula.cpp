#include "prove/formula.hpp"

#include <algorithm>
#include <functional>
#include <unordered_set>

#include <fmt/format.h>

#include "base/error.hpp"

namespace rlsproof::prove {

namespace {

constexpr size_t kMost = 400000; // formulas in one graph
constexpr size_t kFew = 32;      // parts that are compared one by one

size_t number_of(const Formulas::Item &item) {
    size_t number = std::hash<std::string>()(item.text) * 31 + (size_t)item.op;
    for (const Id part : item.parts) number = (number ^ (size_t)part) * 1099511628211U;
    return number;
}

} // namespace

// Different names stay different: what SMT-LIB has no room for is written as %7c, as is the sign itself.
std::string quoted(const std::string &name) {
    std::string inside;
    for (const char c : name)
        if (c == '|' || c == '\\' || c == '%' || (unsigned char)c < ' ')
            inside += fmt::format("%{:02x}", (unsigned)(unsigned char)c);
        else
            inside += c;
    return "|" + inside + "|";
}

Id Formulas::intern(Item item) {
    tick();
    const size_t key = number_of(item);
    const auto [first, last] = known_.equal_range(key);
    for (auto known = first; known != last; ++known) {
        const Item &other = at(known->second);
        if (other.op == item.op && other.parts == item.parts && other.text == item.text) return known->second;
    }
    std::vector<Id> &free = item.free;
    for (const Id part : item.parts) free.insert(free.end(), at(part).free.begin(), at(part).free.end());
    std::sort(free.begin(), free.end());
    free.erase(std::unique(free.begin(), free.end()), free.end());
    if (item.op == Op::exists || item.op == Op::for_all) std::erase(free, item.parts.front());
    if (items_.size() >= kMost) throw Error(Code::limit, "the question is too large to be proved");
    const Id id = (Id)items_.size();
    if (item.op == Op::variable) item.free = {id};
    items_.push_back(std::move(item));
    known_.emplace(key, id);
    return id;
}

Id Formulas::junction(Op op, const std::vector<Id> &parts) {
    const Op stops = op == Op::conjunction ? Op::no : Op::yes, skipped = op == Op::conjunction ? Op::yes : Op::no;
    std::vector<Id> kept;
    std::unordered_set<Id> many; // the same, once there are more than a few
    const auto has = [&](Id part) {
        return many.empty() ? std::find(kept.begin(), kept.end(), part) != kept.end() : many.contains(part);
    };
    const auto add = [&](Id part) {
        if (has(part)) return;
        kept.push_back(part);
        if (!many.empty()) many.insert(part);
        if (many.empty() && kept.size() > kFew) many.insert(kept.begin(), kept.end());
    };
    for (const Id part : parts) {
        if (at(part).op == stops) return part;
        if (at(part).op == skipped) continue;
        if (at(part).op == op)
            for (const Id inner : std::vector<Id>(at(part).parts)) add(inner);
        else
            add(part);
    }
    for (const Id part : kept)
        if (at(part).op == Op::negation && has(at(part).parts.front())) return truth(op != Op::conjunction);
    if (kept.empty()) return truth(op == Op::conjunction);
    if (kept.size() == 1) return kept.front();
    return intern({op, std::move(kept), "", "Bool", {}});
}

Id Formulas::negation(Id inner) {
    switch (at(inner).op) {
    case Op::yes: return no();
    case Op::no: return yes();
    case Op::negation: return at(inner).parts.front();
    default: return intern({Op::negation, {inner}, "", "Bool", {}});
    }
}

Id Formulas::equal(Id left, Id right) {
    if (left == right) return yes();
    if (at(left).op == Op::numeral && at(right).op == Op::numeral && at(left).sort == at(right).sort &&
        at(left).sort == "Int")
        return no();
    if (at(left).sort == "Bool") {
        if (at(left).op == Op::yes) return right;
        if (at(right).op == Op::yes) return left;
        if (at(left).op == Op::no) return negation(right);
        if (at(right).op == Op::no) return negation(left);
    }
    return intern({Op::equal, {std::min(left, right), std::max(left, right)}, "", "Bool", {}});
}

Id Formulas::less(Id left, Id right) {
    if (left == right) return no();
    return intern({Op::less, {left, right}, "", "Bool", {}});
}

Id Formulas::if_else(Id condition, Id then, Id otherwise) {
    if (then == otherwise) return then;
    if (at(condition).op == Op::yes) return then;
    if (at(condition).op == Op::no) return otherwise;
    if (at(then).sort == "Bool")
        return disjunction({conjunction({condition, then}), conjunction({negation(condition), otherwise})});
    return intern({Op::if_else, {condition, then, otherwise}, "", at(then).sort, {}});
}

Id Formulas::apply(const std::string &symbol, std::vector<Id> arguments) {
    return intern({Op::apply, std::move(arguments), symbol, symbols_.at(symbol).to, {}});
}

Id Formulas::numeral(int64_t value) {
    return intern({Op::numeral, {}, std::to_string(value), "Int", {}});
}

Id Formulas::decimal(const std::string &text) {
    return intern({Op::numeral, {}, text.find('.') == std::string::npos ? text + ".0" : text, "Real", {}});
}

Id Formulas::to_real(Id whole) {
    if (at(whole).op == Op::numeral) return decimal(at(whole).text);
    return intern({Op::to_real, {whole}, "", "Real", {}});
}

Id Formulas::variable(const std::string &sort, const std::string &hint) {
    return intern({Op::variable, {}, quoted(hint + " " + std::to_string(++variables_)), sort, {}});
}

Id Formulas::quantified(Op op, Id variable, Id body) {
    if (at(body).op == Op::no && op == Op::exists) return body;
    if (at(body).op == Op::yes && op == Op::for_all) return body;
    return intern({op, {variable, body}, "", "Bool", {}});
}

void Formulas::declare_sort(const std::string &sort, const std::string &comment) {
    if (std::none_of(sorts_.begin(), sorts_.end(), [&](const auto &s) { return s.first == sort; }))
        sorts_.emplace_back(sort, comment);
}

void Formulas::declare(Symbol symbol) {
    if (symbols_.contains(symbol.name)) return;
    order_.push_back(symbol.name);
    symbols_.emplace(symbol.name, std::move(symbol));
}

Id Formulas::replace(Id formula, Id variable, Id by, std::unordered_map<Id, Id> &done) {
    const std::vector<Id> &free = at(formula).free;
    if (!std::binary_search(free.begin(), free.end(), variable)) return formula;
    if (formula == variable) return by;
    if (const auto found = done.find(formula); found != done.end()) return found->second;
    const Item item = at(formula);
    std::vector<Id> parts;
    for (const Id part : item.parts) parts.push_back(replace(part, variable, by, done));
    Id made = 0;
    switch (item.op) {
    case Op::conjunction:
    case Op::disjunction: made = junction(item.op, parts); break;
    case Op::negation: made = negation(parts[0]); break;
    case Op::equal: made = equal(parts[0], parts[1]); break;
    case Op::less: made = less(parts[0], parts[1]); break;
    case Op::if_else: made = if_else(parts[0], parts[1], parts[2]); break;
    case Op::apply: made = apply(item.text, parts); break;
    case Op::to_real: made = to_real(parts[0]); break;
    case Op::exists:
    case Op::for_all: made = quantified(item.op, parts[0], parts[1]); break;
    default: made = formula;
    }
    done.emplace(formula, made);
    return made;
}

Id Formulas::expand(Id formula, const std::map<std::string, std::vector<Id>> &elements) {
    std::unordered_map<Id, Id> done;
    // From the outside in: what is inside a quantifier is expanded for each element of its own.
    const auto go = [&](const auto &self, Id id) -> Id {
        if (const auto found = done.find(id); found != done.end()) return found->second;
        const Item item = at(id);
        Id made = id;
        if (item.op == Op::exists || item.op == Op::for_all) {
            std::vector<Id> parts;
            for (const Id element : elements.at(at(item.parts[0]).sort)) {
                std::unordered_map<Id, Id> replaced;
                parts.push_back(self(self, replace(item.parts[1], item.parts[0], element, replaced)));
            }
            made = junction(item.op == Op::exists ? Op::disjunction : Op::conjunction, parts);
        } else if (item.op == Op::conjunction || item.op == Op::disjunction) {
            std::vector<Id> parts;
            for (const Id part : item.parts) parts.push_back(self(self, part));
            made = junction(item.op, parts);
        } else if (item.op == Op::negation) {
            made = negation(self(self, item.parts[0]));
        } else if (item.op == Op::equal && at(item.parts[0]).sort == "Bool") {
            const Id left = self(self, item.parts[0]), right = self(self, item.parts[1]);
            made = equal(left, right);
        }
        done.emplace(id, made);
        return made;
    };
    return go(go, formula);
}

} // namespace rlsproof::prove
