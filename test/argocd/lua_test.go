package argocd

import (
	"testing"

	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	z "github.com/zonewarden/zonewarden/api/v1alpha1"
)

func TestX(t *testing.T) { _ = lua.VM{}; _ = v1alpha1.ApplicationSet{}; _ = z.Site{} }
