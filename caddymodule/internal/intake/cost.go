package intake

// Cost is what the whole request costs, in cost units: for each number the
// price of the operation and of every parameter that is sent or set, where a
// parameter within a batch's element counts for that element only.
func (in *Input) Cost() int {
	op := in.form.op
	if op.Number == nil {
		return op.Cost
	}
	each, own := op.UnitCost(), 0
	for _, v := range in.query {
		each += v.param.CostOf(v.text)
	}
	in.body.addCost(&each, &own)
	return len(in.Numbers)*each + own
}

// addCost adds up what counts for each number, and what for its own only.
func (n *node) addCost(each, own *int) {
	if n.shape == nil {
		return
	}
	if p := n.shape.param; p != nil {
		if n.shape.own {
			*own += p.CostOf(n.text)
		} else {
			*each += p.CostOf(n.text)
		}
	}
	for i := range n.items {
		n.items[i].addCost(each, own)
	}
}
