// Copyright 2026 The Zonewarden Authors.
// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/zonewarden/zonewarden/api/v1alpha1"
	"github.com/zonewarden/zonewarden/internal/cli/complete"
	"github.com/zonewarden/zonewarden/internal/cli/connect"
	"github.com/zonewarden/zonewarden/internal/cli/output"
	"github.com/zonewarden/zonewarden/internal/cli/roster"
	"github.com/zonewarden/zonewarden/internal/cli/when"
)

// request is what the flags of request say.
type request struct {
	vendor, order, permit, reason   string
	people                          []string
	from, to, span, latest          string
	schedule, duration, lastDay     string
	through, zone, workloads        string
	wholeZone, attended, breakGlass bool
	reach, flows, roles             []string
	grant, activation               string
	maxSessions                     int32
	idle, replaces, name, timeZone  string
	dryRun                          string
}

const requestExample = `  # Two drives, tomorrow morning; approvers may extend it to 14:00
  kubectl zonewarden access request --vendor acme-drives --person tech-1 --reach PU-101A-VFD --reach PU-101B-VFD \
    --flow modbus-tcp --from "tomorrow 08:00" --for 4h --latest 14:00 --order WO-48213 --reason "P-101A/B trips"

  # Now, alone, at night: a review is owed
  kubectl zonewarden access request --break-glass --vendor acme-drives --person tech-2 --reach PU-101A-VFD \
    --flow modbus-tcp --for 3h --reason "pump 1 trips every ten minutes"

  # Every Monday at 8, for two hours, until the end of June
  kubectl zonewarden access request --vendor blue-control --zone cell-dosing --workloads app=opcua-server --flow opcua-tcp \
    --schedule "0 8 * * MON" --duration 2h --last-day 2027-06-28 --activation WhenArmed --reason "weekly check"`

func requestCommand(s *connect.Session) *cobra.Command {
	var r request
	var format output.Format
	cmd := &cobra.Command{
		Use:     "request --vendor NAME --reason TEXT --reach TAG --flow FLOW --from TIME --for SPAN",
		Short:   "Ask that people of a vendor are let in; others decide",
		Example: requestExample,
		Args:    cobra.NoArgs, DisableFlagsInUseLine: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return ask(cmd.Context(), s, r, format)
		},
	}
	r.addWho(cmd.Flags())
	r.addWhen(cmd.Flags())
	r.addWhere(cmd.Flags())
	r.addHow(cmd.Flags())
	format.AddFlag(cmd, "table", "yaml", "json", "name")
	for flag, read := range map[string]complete.Read{
		"vendor": vendors, "person": people, "zone": zones, "reach": tags, "through": jumpHosts, "flow": protocols,
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, complete.Flag(s, read))
	}
	for flag, values := range map[string][]string{
		"grant": names(grants), "activation": names(activations), "dry-run": {"none", "client", "server"},
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

func (r *request) addWho(f *pflag.FlagSet) {
	f.StringVar(&r.vendor, "vendor", "", "the vendor, by the name of its Vendor object")
	f.StringArrayVar(&r.people, "person", nil, "who comes: a user that the vendor lists, or its part before the @; may be repeated; not given: yourself")
	f.StringVar(&r.order, "order", "", "work order")
	f.StringVar(&r.permit, "permit", "", "permit to work")
	f.StringVar(&r.reason, "reason", "", "why they come")
	f.StringVar(&r.name, "name", "", "name of the window; not given: the vendor and the day")
	f.StringVar(&r.replaces, "replaces", "", "the window that this one takes the place of")
}

func (r *request) addWhen(f *pflag.FlagSet) {
	f.StringVar(&r.from, "from", "", "start, by the Site's clock: "+when.Forms+"; not given with --break-glass: now")
	f.StringVar(&r.to, "to", "", "end; a time of day is the first after the start")
	f.StringVar(&r.span, "for", "", "how long, instead of --to: 4h, 90m")
	f.StringVar(&r.latest, "latest", "", "how far approvers may extend it; a time of day is the first from the end on")
	f.StringVar(&r.schedule, "schedule", "", `instead of --from: comes again, as cron's five fields by the Site's clock: "0 8 * * MON"`)
	f.StringVar(&r.duration, "duration", "", "with --schedule: how long each time")
	f.StringVar(&r.lastDay, "last-day", "", "with --schedule: the last day, 2027-06-28")
	f.StringVar(&r.timeZone, "time-zone", "", "the zone in which times are meant, for who may not read the Site: Europe/Berlin")
}

func (r *request) addWhere(f *pflag.FlagSet) {
	f.StringVar(&r.through, "through", "", "jump host; not given: the Site's only one")
	f.StringArrayVar(&r.reach, "reach", nil, "a device by its plant tag or name; may be repeated")
	f.StringArrayVar(&r.flows, "flow", nil, "what passes to all that is reached: modbus-tcp, modbus-tcp:1502, 2222/tcp, 5000-5010/udp; may be repeated")
	f.StringVar(&r.zone, "zone", "", "the zone of --workloads, or of devices that are in none yet")
	f.StringVar(&r.workloads, "workloads", "", "pods of --zone by their labels: app=opcua-server")
	f.BoolVar(&r.wholeZone, "whole-zone", false, "everything in --zone, where the Site allows that")
	f.StringArrayVar(&r.roles, "role", nil, "rights in the cluster, as NAMESPACE/CLUSTERROLE; may be repeated")
}

func (r *request) addHow(f *pflag.FlagSet) {
	f.StringVar(&r.grant, "grant", "Relay", "Relay, SessionPod or SourceAddress")
	f.StringVar(&r.activation, "activation", "Automatic", "Automatic opens at the start; WhenArmed waits for the shift")
	f.BoolVar(&r.attended, "attended", false, "a person of the plant has to be present")
	f.BoolVar(&r.breakGlass, "break-glass", false, "open without an approval, within the Site's cap; a review is owed")
	f.Int32Var(&r.maxSessions, "max-sessions", 16, "sessions at one time, 1 to 64")
	f.StringVar(&r.idle, "idle", "", "end when nothing passed for so long: 30m")
	f.StringVar(&r.dryRun, "dry-run", "none", "none, client (only print) or server (have it judged, do not store it)")
	f.Lookup("dry-run").NoOptDefVal = "client"
}

func ask(ctx context.Context, s *connect.Session, r request, format output.Format) error {
	if r.dryRun != "none" && r.dryRun != "client" && r.dryRun != "server" {
		return errors.New("--dry-run: write none, client or server")
	}
	p, err := r.plant(ctx, s)
	if err != nil {
		return err
	}
	w, err := r.window(p)
	if err != nil {
		return err
	}
	if r.dryRun != "client" {
		if err := create(ctx, s, w, r); err != nil {
			return err
		}
	}
	return printRequest(s, w, p, r.dryRun, format)
}

// mostTries bounds how many names are tried for a day with several windows of a vendor.
const mostTries = 9

// create stores a window. One whose name was made here gets another where that is taken.
func create(ctx context.Context, s *connect.Session, w *v1alpha1.VendorAccessWindow, r request) error {
	name := w.Name
	for n := 2; ; n++ {
		err := s.Create(ctx, w, r.dryRun == "server")
		switch {
		case apierrors.IsAlreadyExists(err) && r.name != "":
			return fmt.Errorf("--name: there is a window %q already", r.name)
		case apierrors.IsAlreadyExists(err) && n <= mostTries:
			w.Name = shorten(name, fmt.Sprintf("-%d", n))
		case err != nil:
			return fmt.Errorf("asking for access: %w", err)
		default:
			return nil
		}
	}
}

func printRequest(s *connect.Session, w *v1alpha1.VendorAccessWindow, p plant, dryRun string, format output.Format) error {
	if format.String() == "name" {
		fmt.Fprintln(s.Out, "vendoraccesswindow.zonewarden.io/"+w.Name)
		return nil
	}
	if format.Structured() {
		o, err := runtime.DefaultUnstructuredConverter.ToUnstructured(w)
		if err != nil {
			return fmt.Errorf("printing: %w", err)
		}
		o["apiVersion"], o["kind"] = v1alpha1.GroupVersion.String(), "VendorAccessWindow"
		delete(o, "status")
		if m, ok := o["metadata"].(map[string]any); ok {
			delete(m, "managedFields")
		}
		return format.Print(s.Out, o)
	}
	roster.About(w, nil, roster.Names(p.vendors, p.assets), p.clock.Now).Asked(s.Out, p.clock.Zone)
	switch {
	case dryRun != "none":
		fmt.Fprintf(s.Out, "not stored (--dry-run=%s)\n", dryRun)
	case w.Spec.BreakGlass:
		fmt.Fprintf(s.Out, "asked for: %s. It opens without an approval; a review is owed.\n", w.Name)
	default:
		fmt.Fprintf(s.Out, "asked for: %s. Others approve it: access approve %s\n", w.Name, w.Name)
	}
	return nil
}

// plant reads what a request is made from. Who may not read something has to say it.
func (r request) plant(ctx context.Context, s *connect.Session) (plant, error) {
	p := plant{clock: when.Clock{Now: s.Now()}}
	c, err := s.Client()
	if err != nil {
		return p, err
	}
	if p.me, err = s.Me(ctx); err != nil {
		return p, err
	}
	site, zone, err := s.Site(ctx)
	switch {
	case apierrors.IsForbidden(err) && r.timeZone != "":
		p.absolute = true
		if zone, err = time.LoadLocation(r.timeZone); err != nil {
			return p, fmt.Errorf("--time-zone: %w", err)
		}
	case apierrors.IsForbidden(err):
		return p, fmt.Errorf("--time-zone is needed, because you may not read the Site: %w", err)
	case err != nil:
		return p, err
	case r.timeZone != "" && r.timeZone != site.Spec.TimeZone:
		return p, fmt.Errorf("--time-zone: the Site's is %s", site.Spec.TimeZone)
	}
	p.clock.Zone, p.site = zone, site
	return p, p.read(ctx, c)
}

func (p *plant) read(ctx context.Context, c client.Client) error {
	var vendors v1alpha1.VendorList
	var assets v1alpha1.AssetList
	var zones v1alpha1.ZoneList
	var err error
	if p.vendorsKnown, err = connect.MayList(ctx, c, &vendors); err != nil {
		return err
	}
	if p.assetsKnown, err = connect.MayList(ctx, c, &assets); err != nil {
		return err
	}
	if p.zonesKnown, err = connect.MayList(ctx, c, &zones); err != nil {
		return err
	}
	p.vendors, p.assets, p.zones = vendors.Items, assets.Items, zones.Items
	return nil
}
