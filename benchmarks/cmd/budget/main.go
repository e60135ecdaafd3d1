// Command budget prints the performance budget with what was measured last, and puts the table into benchmarks/README.md. With
// -check it fails where one of the checks against regressions does; a line of the budget that is not met is said and is no failure.
//
//	go run ./benchmarks/cmd/budget -check
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"github.com/doorward/doorward/benchmarks/budget"
	"github.com/doorward/doorward/benchmarks/rig"
)

func main() {
	results := flag.String("results", "benchmarks/results", "folder of the results")
	readme := flag.String("readme", "benchmarks/README.md", "document with the section of the budget; empty: none")
	check := flag.Bool("check", false, "fail where a check against regressions fails")
	flag.Parse()
	if err := run(os.Stdout, *results, *readme, *check); err != nil {
		fmt.Fprintln(os.Stderr, "budget:", err)
		os.Exit(1)
	}
}

func run(to io.Writer, results, readme string, check bool) error {
	measured, err := budget.Read(results)
	if err != nil {
		return err
	}
	table := budget.Table(budget.Judge(measured))
	fmt.Fprintln(to, table)
	if readme != "" {
		if err := rig.WriteSection(readme, "budget", table); err != nil {
			return err
		}
	}
	if !check {
		return nil
	}
	failed := budget.Check(measured)
	for _, why := range failed {
		fmt.Fprintln(to, "check failed:", why)
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d checks against regressions failed", len(failed))
	}
	fmt.Fprintln(to, "all checks against regressions passed")
	return nil
}
