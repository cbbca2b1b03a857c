#include "prove/smtlib.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "base/text.hpp"

namespace rlsproof::prove {

namespace {

// Writes formulas of one script: what is used more than once gets a name, outside of all quantifiers by define-fun,
// inside by a let at the innermost one that binds something in it.
class Writer {
public:
    explicit Writer(const Formulas &formulas) : f_(formulas) {}

    void count(Id id) {
        if (++uses_[id] > 1) return;
        const Formulas::Item &item = f_.at(id);
        for (size_t i = item.op == Op::exists || item.op == Op::for_all ? 1 : 0; i < item.parts.size(); i++)
            count(item.parts[i]);
    }

    // Names what is shared. Quantifiers are met outermost first here, so that depths are known inside.
    void place(Id id) {
        if (placed_[id]) return;
        placed_[id] = true;
        const Formulas::Item &item = f_.at(id);
        if (item.op == Op::exists || item.op == Op::for_all) {
            int depth = 1;
            for (const Id variable : item.free) depth = std::max(depth, depths_[variable] + 1);
            depths_[item.parts[0]] = depth;
            place(item.parts[1]);
        } else {
            for (const Id part : item.parts) place(part);
        }
        if (item.parts.empty() || uses_[id] < 2) return;
        int scope = -1, depth = 0;
        for (const Id variable : item.free)
            if (depths_[variable] > depth) {
                depth = depths_[variable];
                scope = variable;
            }
        shared_[scope].push_back(id); // parts come before what they are parts of
    }

    std::string definitions() {
        std::string text;
        for (const Id id : shared_[-1]) {
            if (names_.contains(id)) continue;
            std::string written = write(id);
            names_[id] = fmt::format("d{}", ++named_);
            text += fmt::format("(define-fun {} () {} {})\n", names_[id], f_.at(id).sort, written);
        }
        return text;
    }

    std::string write(Id id) {
        if (const auto known = names_.find(id); known != names_.end()) return known->second;
        const Formulas::Item &item = f_.at(id);
        switch (item.op) {
        case Op::yes:
        case Op::no:
        case Op::variable: return item.text;
        case Op::numeral: return item.text[0] == '-' ? "(- " + item.text.substr(1) + ")" : item.text;
        case Op::conjunction: return with("and", item);
        case Op::disjunction: return with("or", item);
        case Op::negation: return with("not", item);
        case Op::equal: return with("=", item);
        case Op::less: return with("<", item);
        case Op::if_else: return with("ite", item);
        case Op::to_real: return with("to_real", item);
        case Op::apply: return item.parts.empty() ? item.text : with(item.text.c_str(), item);
        case Op::exists:
        case Op::for_all: return quantified(item);
        }
        return "";
    }

private:
    std::string with(const char *head, const Formulas::Item &item) {
        std::string text = fmt::format("({}", head);
        for (const Id part : item.parts) text += " " + write(part);
        return text + ")";
    }

    std::string quantified(const Formulas::Item &item) {
        const Id variable = item.parts[0];
        std::string text = fmt::format("({} (({} {})) ", item.op == Op::exists ? "exists" : "forall",
                                       f_.at(variable).text, f_.at(variable).sort);
        size_t open = 0;
        std::vector<Id> here;
        if (const auto found = shared_.find(variable); found != shared_.end())
            for (const Id id : found->second) {
                if (id == item.parts[1]) continue;
                const std::string written = write(id);
                names_[id] = fmt::format("l{}", ++named_);
                here.push_back(id);
                text += fmt::format("(let (({} {})) ", names_[id], written);
                open++;
            }
        text += write(item.parts[1]) + std::string(open, ')') + ")";
        for (const Id id : here) names_.erase(id);
        return text;
    }

    const Formulas &f_;
    std::map<Id, int> uses_, depths_;
    std::map<Id, bool> placed_;
    std::map<Id, std::vector<Id>> shared_; // by the variable whose scope they belong to, -1 for none
    std::map<Id, std::string> names_;
    int named_ = 0;
};

} // namespace

std::string declarations(const Formulas &formulas) {
    std::string text;
    for (const auto &[sort, comment] : formulas.sorts())
        text += fmt::format("(declare-sort {} 0) ; {}\n", sort, text::flat(comment));
    for (const std::string &name : formulas.order()) {
        const Symbol &symbol = formulas.symbol(name);
        text += fmt::format("(declare-fun {} ({}) {}){}{}\n", symbol.name, text::join(symbol.from, " "), symbol.to,
                            symbol.comment.empty() ? "" : " ; ", text::flat(symbol.comment));
    }
    return text;
}

std::string assertions(const Formulas &formulas, const std::vector<Assertion> &list) {
    Writer writer(formulas);
    for (const Assertion &a : list) writer.count(a.formula);
    for (const Assertion &a : list) writer.place(a.formula);
    std::string text = writer.definitions();
    for (size_t i = 0; i < list.size(); i++)
        text += fmt::format("; {}: {}\n(assert (! {} :named a{}))\n", list[i].axiom ? "given" : "asked",
                            text::flat(list[i].name), writer.write(list[i].formula), i);
    return text;
}

std::string term(const Formulas &formulas, Id id) {
    Writer writer(formulas);
    return writer.write(id);
}

} // namespace rlsproof::prove
