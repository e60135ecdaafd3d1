package doorwardcmd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/regogen"
)

// regoWork is a policy on its way to Rego.
type regoWork struct {
	place      placeFlags
	catalogs   catalogFlags
	parameters []string
	boundaries []string
}

func policyRego() *cobra.Command {
	var w regoWork
	cmd := &cobra.Command{
		Use:   "rego <file>|<policy>",
		Short: "Shows the Rego that a policy is translated to",
		Long: `Shows the Rego that a policy is translated to, formatted; it is what the gate runs. The argument is a file (- is standard
input) or, where there is no such file, a policy of the store by its name or identifier.`,
	}
	w.place.register(cmd)
	w.catalogs.register(cmd)
	cmd.Flags().StringArrayVar(&w.parameters, "param", nil, "Value of a parameter, as name=value; may be repeated")
	cmd.Flags().StringArrayVar(&w.boundaries, "boundary", nil, "Boundary on the binding: a file, or one of the store; may be repeated")
	beVerb(cmd, func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usageErrorf("name one file, or one policy of the store; see `%s --help`", cmd.CommandPath())
		}
		parameters, err := pairs("param", w.parameters)
		if err != nil {
			return err
		}
		known, err := w.catalogs.read()
		if err != nil {
			return err
		}
		policy, name, err := w.policy(cmd, args[0], known)
		if err != nil {
			return err
		}
		var boundaries []bind.Boundary
		for _, wanted := range w.boundaries {
			b, err := w.boundary(cmd, wanted, known)
			if err != nil {
				return err
			}
			boundaries = append(boundaries, b)
		}
		bound, found := bind.Bind(policy, parameters, boundaries, known)
		if err := judgedText(name, found).refusal(cmd); err != nil {
			return err
		}
		source, err := regogen.Source(bound.Statements)
		if err != nil {
			return err
		}
		_, err = cmd.OutOrStdout().Write(source)
		return err
	})
	return cmd
}

// policy reads a policy, and what its text is called.
func (w *regoWork) policy(cmd *cobra.Command, wanted string, known *catalog.Catalog) (bind.Policy, string, error) {
	source, err := w.source(cmd, wanted, "policy", func(d desk) (namedText, error) {
		p, err := d.policy(wanted)
		return namedText{p.Name, p.Statement}, err
	})
	if err != nil {
		return bind.Policy{}, "", err
	}
	tree, found := module.ReadPolicyText(source.text, known)
	// Warnings about names are for check. Here they would drown the ones about this binding.
	if j := judgedText(source.name, found); j.Errors > 0 {
		return bind.Policy{}, "", j.refusal(cmd)
	}
	return bind.Policy{ID: source.name, Name: source.name, Level: bind.Account, LevelID: module.DefaultAccount, Tree: tree}, source.name, nil
}

func (w *regoWork) boundary(cmd *cobra.Command, wanted string, known *catalog.Catalog) (bind.Boundary, error) {
	source, err := w.source(cmd, wanted, "boundary", func(d desk) (namedText, error) {
		b, err := d.boundary(wanted)
		return namedText{b.Name, b.Query}, err
	})
	if err != nil {
		return bind.Boundary{}, err
	}
	tree, found := module.ReadBoundaryText(source.text, known)
	if j := judgedText(source.name, found); j.Errors > 0 {
		return bind.Boundary{}, j.refusal(cmd)
	}
	return bind.Boundary{ID: source.name, Name: source.name, Tree: tree}, nil
}

// source reads a file where there is one of that name, and else the store.
func (w *regoWork) source(cmd *cobra.Command, wanted, noun string, find func(desk) (namedText, error)) (t namedText, err error) {
	if _, statErr := os.Stat(wanted); wanted == "-" || !errors.Is(statErr, fs.ErrNotExist) {
		if t, err = readText(cmd, wanted); err != nil {
			return t, fmt.Errorf("the %s cannot be read: %w", noun, err)
		}
		return t, nil
	}
	opened := false
	err = withDesk(cmd, &w.place, mustExist, func(d desk) (err error) {
		opened = true
		t, err = find(d)
		return err
	})
	if err == nil {
		return t, nil
	}
	// The global policies are the same in every store, so where there is no store yet they can be shown all the same.
	if !opened && noun == "policy" {
		for _, p := range pap.BuiltIn() {
			if p.Name == wanted || p.UUID == strings.ToLower(wanted) {
				return namedText{p.Name, p.Statement}, nil
			}
		}
	}
	return t, fmt.Errorf("there is no file %s, and in the store: %s", wanted, explain(err))
}
