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

// REQUIRES: the text is one that is kept.
size_t number_of(const Formulas::Item &item) {
    size_t number = std::hash<const void *>()(item.text.data()) * 31 + (size_t)item.op;
    for (const Id part : item.parts) number = (number ^ (size_t)part) * 1099511628211U;
    return number ^ number >> 32;
}

bool is_quantifier(Op op) {
    return op == Op::exists || op == Op::for_all;
}

} // namespace

// Different names stay different: what SMT-LIB has no room for is written as %7c, as is the sign itself.
std::string quoted(const std::string &name) {
    const auto odd = [](char c) { return c == '|' || c == '\\' || c == '%' || (unsigned char)c < ' '; };
    std::string text;
    text.reserve(name.size() + 2);
    text += '|';
    if (std::none_of(name.begin(), name.end(), odd))
        text += name;
    else
        for (const char c : name)
            if (odd(c))
                text += fmt::format("%{:02x}", (unsigned)(unsigned char)c);
            else
                text += c;
    text += '|';
    return text;
}

std::string_view Formulas::kept(std::string_view text) {
    return text.empty() ? std::string_view() : std::string_view(*texts_.emplace(text).first);
}

std::span<const Id> Formulas::kept(std::span<const Id> ids) {
    if (ids.empty()) return {};
    auto *copy = static_cast<Id *>(room_.allocate(ids.size_bytes(), alignof(Id)));
    std::copy(ids.begin(), ids.end(), copy);
    return {copy, ids.size()};
}

Id Formulas::intern(Op op, std::span<const Id> parts, std::string_view text, std::string_view sort) {
    tick();
    Item item{op, parts, text, sort, {}};
    if (known_.size() <= 2 * items_.size()) {
        known_.assign(std::max<size_t>(1024, known_.size() * 2), -1);
        for (size_t i = 0; i < items_.size(); i++) {
            size_t place = number_of(items_[i]) & (known_.size() - 1);
            while (known_[place] >= 0) place = (place + 1) & (known_.size() - 1);
            known_[place] = (Id)i;
        }
    }
    size_t place = number_of(item) & (known_.size() - 1);
    for (; known_[place] >= 0; place = (place + 1) & (known_.size() - 1)) {
        const Item &other = at(known_[place]);
        if (other.op == op && other.text.data() == text.data() &&
            std::equal(other.parts.begin(), other.parts.end(), parts.begin(), parts.end()))
            return known_[place];
    }
    if (items_.size() >= kMost) throw Error(Code::limit, "the question is too large to be proved");
    const Id id = (Id)items_.size();
    free_.clear();
    for (const Id part : parts) free_.insert(free_.end(), at(part).free.begin(), at(part).free.end());
    std::sort(free_.begin(), free_.end());
    free_.erase(std::unique(free_.begin(), free_.end()), free_.end());
    if (is_quantifier(op)) std::erase(free_, parts.front());
    if (op == Op::variable) free_.assign(1, id);
    item.parts = kept(parts);
    item.free = kept(free_);
    items_.push_back(item);
    known_[place] = id;
    return id;
}

Id Formulas::junction(Op op, std::span<const Id> parts) {
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
            for (const Id inner : at(part).parts) add(inner);
        else
            add(part);
    }
    for (const Id part : kept)
        if (at(part).op == Op::negation && has(at(part).parts.front())) return truth(op != Op::conjunction);
    if (kept.empty()) return truth(op == Op::conjunction);
    if (kept.size() == 1) return kept.front();
    return intern(op, kept, {}, kBool);
}

Id Formulas::negation(Id inner) {
    switch (at(inner).op) {
    case Op::yes: return no();
    case Op::no: return yes();
    case Op::negation: return at(inner).parts.front();
    default: return intern(Op::negation, {inner}, {}, kBool);
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
    return intern(Op::equal, {std::min(left, right), std::max(left, right)}, {}, kBool);
}

Id Formulas::less(Id left, Id right) {
    if (left == right) return no();
    return intern(Op::less, {left, right}, {}, kBool);
}

Id Formulas::if_else(Id condition, Id then, Id otherwise) {
    if (then == otherwise) return then;
    if (at(condition).op == Op::yes) return then;
    if (at(condition).op == Op::no) return otherwise;
    if (at(then).sort == "Bool")
        return disjunction({conjunction({condition, then}), conjunction({negation(condition), otherwise})});
    return intern(Op::if_else, {condition, then, otherwise}, {}, at(then).sort);
}

Id Formulas::apply(std::string_view symbol, const std::vector<Id> &arguments) {
    const Symbol &known = *symbols_.at(symbol);
    return intern(Op::apply, arguments, known.name, known.to);
}

Id Formulas::numeral(int64_t value) {
    return intern(Op::numeral, {}, kept(std::to_string(value)), "Int");
}

Id Formulas::decimal(const std::string &text) {
    return intern(Op::numeral, {}, kept(text.find('.') == std::string::npos ? text + ".0" : text), "Real");
}

Id Formulas::to_real(Id whole) {
    if (at(whole).op == Op::numeral) return decimal(std::string(at(whole).text));
    return intern(Op::to_real, {whole}, {}, "Real");
}

Id Formulas::variable(std::string_view sort, const std::string &hint) {
    return intern(Op::variable, {}, kept(quoted(hint + " " + std::to_string(++variables_))), kept(sort));
}

Id Formulas::quantified(Op op, Id variable, Id body) {
    if (at(body).op == Op::no && op == Op::exists) return body;
    if (at(body).op == Op::yes && op == Op::for_all) return body;
    return intern(op, {variable, body}, {}, kBool);
}

void Formulas::declare_sort(const std::string &sort, const std::string &comment) {
    if (std::none_of(sorts_.begin(), sorts_.end(), [&](const auto &s) { return s.first == sort; }))
        sorts_.emplace_back(sort, comment);
}

void Formulas::declare(Symbol symbol) {
    if (symbols_.contains(symbol.name)) return;
    auto made = std::make_unique<const Symbol>(std::move(symbol));
    const std::string_view name = made->name;
    order_.push_back(symbols_.emplace(name, std::move(made)).first->second.get());
}

Id Formulas::replace(Id formula, Id variable, Id by, std::unordered_map<Id, Id> &done) {
    const std::span<const Id> free = at(formula).free;
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
        if (is_quantifier(item.op)) {
            std::vector<Id> parts;
            for (const Id element : elements.at(std::string(at(item.parts[0]).sort))) {
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
