package deploy_test

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// The parts of the objects that the tests look at.
type (
	object struct {
		Kind                         string
		Metadata                     struct{ Name, Namespace string }
		AutomountServiceAccountToken *bool `yaml:"automountServiceAccountToken"`
		Data                         map[string]string
		Spec                         struct {
			Selector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			}
			PodSelector struct {
				MatchLabels map[string]string `yaml:"matchLabels"`
			} `yaml:"podSelector"`
			PolicyTypes []string `yaml:"policyTypes"`
			Ingress     []struct{ Ports []struct{ Port int } }
			Template    struct {
				Metadata struct{ Labels map[string]string }
				Spec     pod
			}
		}
	}
	pod struct {
		ServiceAccountName           string `yaml:"serviceAccountName"`
		AutomountServiceAccountToken *bool  `yaml:"automountServiceAccountToken"`
		HostNetwork                  bool   `yaml:"hostNetwork"`
		ShareProcessNamespace        bool   `yaml:"shareProcessNamespace"`
		SecurityContext              struct {
			RunAsNonRoot   bool                  `yaml:"runAsNonRoot"`
			RunAsUser      int64                 `yaml:"runAsUser"`
			FSGroup        int64                 `yaml:"fsGroup"`
			SeccompProfile struct{ Type string } `yaml:"seccompProfile"`
		} `yaml:"securityContext"`
		InitContainers []container `yaml:"initContainers"`
		Containers     []container
		Volumes        []struct {
			Name      string
			ConfigMap struct{ Name string } `yaml:"configMap"`
			EmptyDir  map[string]any        `yaml:"emptyDir"`
			Projected struct {
				Sources []struct {
					ServiceAccountToken struct{ Path, Audience string } `yaml:"serviceAccountToken"`
				}
			}
		}
	}
	container struct {
		Name          string
		RestartPolicy string `yaml:"restartPolicy"`
		Ports         []struct {
			Name          string
			ContainerPort int `yaml:"containerPort"`
		}
		StartupProbe    probe `yaml:"startupProbe"`
		ReadinessProbe  probe `yaml:"readinessProbe"`
		LivenessProbe   probe `yaml:"livenessProbe"`
		SecurityContext struct {
			AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
			ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
			Privileged               bool
			Capabilities             struct{ Drop, Add []string }
		} `yaml:"securityContext"`
		Resources    struct{ Requests, Limits map[string]string }
		VolumeMounts []struct {
			Name      string
			MountPath string `yaml:"mountPath"`
		} `yaml:"volumeMounts"`
	}
	probe struct {
		HTTPGet struct{ Path, Port string } `yaml:"httpGet"`
	}
)

// kubernetes returns the manifest's objects by kind.
func kubernetes(t *testing.T) map[string]object {
	t.Helper()
	objects := make(map[string]object)
	decoder := yaml.NewDecoder(strings.NewReader(read(t, "deploy/kubernetes/ringward.yaml")))
	for {
		var o object
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := objects[o.Kind]; twice {
			t.Fatalf("two objects of kind %s", o.Kind)
		}
		objects[o.Kind] = o
		if o.Metadata.Namespace != "shop" {
			t.Errorf("%s is in namespace %q", o.Kind, o.Metadata.Namespace)
		}
	}
	for _, kind := range []string{"ServiceAccount", "ConfigMap", "Deployment", "NetworkPolicy"} {
		if _, ok := objects[kind]; !ok {
			t.Fatalf("no %s", kind)
		}
	}
	return objects
}

func isFalse(b *bool) bool { return b != nil && !*b }

func TestPodHasNoMoreRightsThanItNeeds(t *testing.T) {
	objects := kubernetes(t)
	p := objects["Deployment"].Spec.Template.Spec
	if s := p.SecurityContext; !s.RunAsNonRoot || s.RunAsUser != 65532 || s.FSGroup != 65532 || s.SeccompProfile.Type != "RuntimeDefault" {
		t.Errorf("the pod's security context: %+v", s)
	}
	if p.HostNetwork || p.ShareProcessNamespace {
		t.Error("the pod shares the host's network or its processes' memory")
	}
	if !isFalse(p.AutomountServiceAccountToken) || !isFalse(objects["ServiceAccount"].AutomountServiceAccountToken) {
		t.Error("a token for the cluster's API is mounted")
	}
	if p.ServiceAccountName != objects["ServiceAccount"].Metadata.Name {
		t.Errorf("the pod's service account is %q", p.ServiceAccountName)
	}
	for _, c := range append(p.InitContainers, p.Containers...) {
		s := c.SecurityContext
		if !isFalse(s.AllowPrivilegeEscalation) || !s.ReadOnlyRootFilesystem || s.Privileged ||
			len(s.Capabilities.Add) > 0 || strings.Join(s.Capabilities.Drop, "") != "ALL" {
			t.Errorf("container %s: %+v", c.Name, s)
		}
	}
}

// TestOnlyRingwardHoldsTheTokenForVault: whoever has it can read the keys.
func TestOnlyRingwardHoldsTheTokenForVault(t *testing.T) {
	objects := kubernetes(t)
	p := objects["Deployment"].Spec.Template.Spec
	tokens := make(map[string]bool)
	for _, v := range p.Volumes {
		for _, s := range v.Projected.Sources {
			if s.ServiceAccountToken.Audience != "vault" || s.ServiceAccountToken.Path != "token" {
				t.Errorf("the token: %+v", s.ServiceAccountToken)
			}
			tokens[v.Name] = true
		}
	}
	holders := ""
	for _, c := range append(p.InitContainers, p.Containers...) {
		for _, m := range c.VolumeMounts {
			if tokens[m.Name] {
				holders += c.Name + " at " + m.MountPath
			}
		}
	}
	if len(tokens) != 1 || holders != "ringward at /var/run/secrets/vault" {
		t.Errorf("%d tokens, mounted by: %s", len(tokens), holders)
	}
}

func TestRingwardIsANativeSidecarThatIsProbed(t *testing.T) {
	p := kubernetes(t)["Deployment"].Spec.Template.Spec
	if len(p.InitContainers) != 1 || p.InitContainers[0].RestartPolicy != "Always" {
		t.Fatalf("init containers: %+v", p.InitContainers)
	}
	ringward := p.InitContainers[0]
	if len(ringward.Ports) != 1 || ringward.Ports[0].ContainerPort != 9180 {
		t.Fatalf("ports: %+v", ringward.Ports)
	}
	for name, tt := range map[string]struct {
		probe probe
		path  string
	}{
		"startup":   {ringward.StartupProbe, "/ready"},
		"readiness": {ringward.ReadinessProbe, "/ready"},
		"liveness":  {ringward.LivenessProbe, "/alive"},
	} {
		if tt.probe.HTTPGet.Path != tt.path || tt.probe.HTTPGet.Port != ringward.Ports[0].Name {
			t.Errorf("%s probe: %+v", name, tt.probe)
		}
	}
	if ringward.Resources.Requests["memory"] == "" || ringward.Resources.Limits["memory"] == "" {
		t.Errorf("resources: %+v", ringward.Resources)
	}
}

// TestEveryMountHasItsVolume also finds volumes that nobody mounts.
func TestEveryMountHasItsVolume(t *testing.T) {
	objects := kubernetes(t)
	p := objects["Deployment"].Spec.Template.Spec
	unused := make(map[string]bool)
	for _, v := range p.Volumes {
		unused[v.Name] = true
		if name := v.ConfigMap.Name; name != "" && name != objects["ConfigMap"].Metadata.Name {
			t.Errorf("there is no ConfigMap %s", name)
		}
	}
	for _, c := range append(p.InitContainers, p.Containers...) {
		for _, m := range c.VolumeMounts {
			if _, ok := unused[m.Name]; !ok {
				t.Errorf("container %s mounts %s, which is no volume", c.Name, m.Name)
			}
			unused[m.Name] = false
		}
	}
	for name, is := range unused {
		if is {
			t.Errorf("nobody mounts %s", name)
		}
	}
}

func TestNetworkPolicyIsForThePodsOfTheDeployment(t *testing.T) {
	objects := kubernetes(t)
	labels := objects["Deployment"].Spec.Template.Metadata.Labels
	policy := objects["NetworkPolicy"].Spec
	for name, value := range policy.PodSelector.MatchLabels {
		if labels[name] != value {
			t.Errorf("the pods have no label %s: %s", name, value)
		}
	}
	for name, value := range objects["Deployment"].Spec.Selector.MatchLabels {
		if labels[name] != value {
			t.Errorf("the deployment does not select its own pods by %s: %s", name, value)
		}
	}
	if strings.Join(policy.PolicyTypes, " ") != "Ingress Egress" || len(policy.Ingress) != 1 || len(policy.Ingress[0].Ports) != 1 || policy.Ingress[0].Ports[0].Port != 9180 {
		t.Errorf("%+v", policy)
	}
}

// TestCaddyfileOfTheConfigMapIsAccepted also holds where it listens: lookups
// inside the pod only, probes from outside.
func TestCaddyfileOfTheConfigMapIsAccepted(t *testing.T) {
	config, app := adapt(t, kubernetes(t)["ConfigMap"].Data["Caddyfile"])
	auth, _ := json.Marshal(app["vault"].(map[string]any)["auth"])
	if want := `{"jwt_file":"/var/run/secrets/vault/token","method":"kubernetes","role":"ringward-production"}`; string(auth) != want {
		t.Errorf("the login is %s", auth)
	}
	var parsed struct {
		Admin struct{ Listen string }
		Apps  struct {
			HTTP struct {
				Servers map[string]struct{ Listen []string }
			}
		}
	}
	if err := json.Unmarshal(config, &parsed); err != nil {
		t.Fatal(err)
	}
	listen := make(map[string]bool)
	for _, server := range parsed.Apps.HTTP.Servers {
		listen[strings.Join(server.Listen, " ")] = true
	}
	if len(listen) != 2 || !listen["127.0.0.1:8080"] || !listen[":9180"] {
		t.Errorf("it listens on %v", listen)
	}
	if parsed.Admin.Listen != "unix//data/admin.sock" {
		t.Errorf("the admin API is at %q", parsed.Admin.Listen)
	}
}
