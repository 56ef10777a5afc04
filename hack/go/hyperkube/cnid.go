package main

import (
	"context"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/vishvananda/netlink"
	v1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
)

const (
	configFile  = "/etc/cni/net.d/10-kindnet.conflist"
	resyncEvery = time.Minute
)

// A veth pair per pod, addresses from the node's own range, host ports by iptables.
const configTemplate = `{"cniVersion":"0.3.1","name":"kindnet","plugins":[
{"type":"ptp","ipMasq":false,"mtu":1500,"ipam":{"type":"host-local","dataDir":"/run/cni-ipam-state",
"routes":[{"dst":"0.0.0.0/0"}],"ranges":[[{"subnet":%q}]]}},
{"type":"portmap","capabilities":{"portMappings":true}}]}
`

// network keeps one node's side of the pod network: its CNI configuration, a route to every other node's pods, and
// masquerading of what leaves the pod network. It enforces no NetworkPolicy. It stands in for kindnetd, whose module no
// Go proxy serves. It runs as a DaemonSet because a restarted node has lost its routes and rules.
type network struct {
	node      string
	podSubnet string
	podCIDR   string // of this node, once configured
}

// runCNI follows the nodes until the context ends.
func runCNI(ctx context.Context) error {
	config, err := rest.InClusterConfig()
	if err != nil {
		return err
	}
	if endpoint := os.Getenv("CONTROL_PLANE_ENDPOINT"); endpoint != "" {
		// kube-proxy may not have made the service address work yet.
		config.Host = "https://" + endpoint
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	n := &network{node: os.Getenv("NODE_NAME"), podSubnet: os.Getenv("POD_SUBNET")}
	factory := informers.NewSharedInformerFactory(client, resyncEvery)
	_, err = factory.Core().V1().Nodes().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(object any) { n.follow(object) },
		UpdateFunc: func(_, object any) { n.follow(object) },
		DeleteFunc: func(object any) { n.forget(object) },
	})
	if err != nil {
		return err
	}
	factory.Start(ctx.Done())
	<-ctx.Done()
	return nil
}

func (n *network) follow(object any) {
	node, ok := object.(*v1.Node)
	if !ok || node.Spec.PodCIDR == "" {
		return
	}
	var err error
	if node.Name == n.node {
		err = n.configure(node.Spec.PodCIDR)
	} else {
		err = routeTo(node)
	}
	if err != nil {
		log.Printf("node %s: %v; next try within %s", node.Name, err, resyncEvery)
	}
}

func (n *network) configure(podCIDR string) error {
	if n.podCIDR == podCIDR {
		return nil
	}
	if err := masquerade(podCIDR, n.podSubnet); err != nil {
		return err
	}
	temporary := filepath.Join(filepath.Dir(configFile), ".tmp-kindnet")
	if err := os.WriteFile(temporary, fmt.Appendf(nil, configTemplate, podCIDR), 0o644); err != nil {
		return err
	}
	if err := os.Rename(temporary, configFile); err != nil {
		return err
	}
	n.podCIDR = podCIDR
	log.Printf("pods of this node live in %s", podCIDR)
	return nil
}

// masquerade gives packets that leave the pod network the node's own address, so that answers find their way back.
func masquerade(podCIDR, podSubnet string) error {
	rule := []string{
		"POSTROUTING", "-s", podCIDR, "!", "-d", podSubnet,
		"-m", "addrtype", "!", "--dst-type", "LOCAL", "-j", "MASQUERADE",
	}
	if exec.Command("iptables", append([]string{"-w", "-t", "nat", "-C"}, rule...)...).Run() == nil {
		return nil
	}
	if out, err := exec.Command("iptables", append([]string{"-w", "-t", "nat", "-A"}, rule...)...).CombinedOutput(); err != nil {
		return fmt.Errorf("iptables: %w: %s", err, out)
	}
	return nil
}

func routeTo(node *v1.Node) error {
	_, pods, err := net.ParseCIDR(node.Spec.PodCIDR)
	if err != nil {
		return err
	}
	for _, address := range node.Status.Addresses {
		gateway := net.ParseIP(address.Address)
		if address.Type == v1.NodeInternalIP && gateway.To4() != nil {
			return netlink.RouteReplace(&netlink.Route{Dst: pods, Gw: gateway})
		}
	}
	return nil
}

func (n *network) forget(object any) {
	if last, ok := object.(cache.DeletedFinalStateUnknown); ok {
		object = last.Obj
	}
	node, ok := object.(*v1.Node)
	if !ok || node.Name == n.node {
		return
	}
	if _, pods, err := net.ParseCIDR(node.Spec.PodCIDR); err == nil {
		if err := netlink.RouteDel(&netlink.Route{Dst: pods}); err != nil {
			log.Printf("route to %s: %v", pods, err)
		}
	}
}
