// Shows the API's description. The page names it in a data attribute, because pages carry no inline script.
const place = document.getElementById("docs");
window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.description,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  persistAuthorization: false,
  // Nothing of ours is sent to anybody's validator.
  validatorUrl: null,
});
